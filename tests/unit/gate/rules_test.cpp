// gate/permit and gate/peer: who may connect, and what may be called.

#include "gate/peer.hpp"
#include "gate/permit.hpp"
#include "gate/policy.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using gate::is_admitted;
using gate::Peer;
using protocol::Effect;
using protocol::SocketKind;

constexpr uid_t own = 1000;

}  // namespace

TEST_CASE("the operator may do all but move funds, hand out tokens and open ways for money to come or go") {
    const bool is_only_one = GENERATE(true, false);  // who holds a grant
    const gate::Holdings holdings{
        std::make_shared<const gate::Holding>(gate::Holding{"operator", grant::operators_grant(is_only_one)})
    };
    const auto account = base::AccountName::parse("master");
    for (const auto& endpoint : protocol::endpoints()) {
        if (endpoint.kind == protocol::EndpointKind::public_) continue;
        CAPTURE(endpoint.name);
        const auto allowed =
            gate::permit(holdings, {}, endpoint, *kraken::Parameters::parse(""), account, base::Time());
        const bool opens_a_way = endpoint.name == "DepositAddresses" || endpoint.name == "CreateSubaccount";
        const bool forbidden = endpoint.effect == Effect::fund || endpoint.effect == Effect::token ||
                               opens_a_way || (endpoint.right == protocol::Right::cancel_all && !is_only_one);
        CHECK(allowed.has_value() != forbidden);
        if (allowed) continue;
        CHECK(allowed.error().code == protocol::ErrorCode::forbidden);
        const std::string rule = boost::json::serialize(allowed.error().details.at("rule"));
        if (endpoint.effect == Effect::fund) {
            CHECK(rule == R"("effect:fund")");
        } else if (endpoint.effect == Effect::token) {
            CHECK(rule == R"("effect:token")");
        } else {
            CHECK(rule == "\"right:" + std::string(name(endpoint.right)) + '"');
        }
    }
}

TEST_CASE("who holds nothing may do nothing, and is told so") {
    const auto* balance = protocol::find_endpoint("Balance");
    const auto refused = gate::permit(
        {}, {}, *balance, *kraken::Parameters::parse(""), base::AccountName::parse("master"), base::Time()
    );
    REQUIRE_FALSE(refused);
    CHECK(refused.error().details.at("rule") == "grant:none");
}

TEST_CASE("who is admitted") {
    struct Row {
        uid_t uid;
        std::vector<gid_t> groups;
        std::optional<gid_t> client_group;
        bool client;
        bool admin;
    };
    const auto [uid, groups, client_group, client, admin] = GENERATE(
        as<Row>(),
        Row{own, {}, std::nullopt, true, true},
        Row{0, {}, std::nullopt, true, true},
        Row{1001, {}, std::nullopt, false, false},
        Row{1001, {0}, std::nullopt, false, false},
        Row{1001, {7, 50}, 50, true, false},
        Row{1001, {7}, 50, false, false},
        Row{65534, {50}, 50, false, false},
        Row{65534, {}, std::nullopt, false, false}
    );
    CAPTURE(uid, groups);
    const Peer peer{uid, 1, groups};
    CHECK(is_admitted(peer, SocketKind::client, own, client_group) == client);
    CHECK(is_admitted(peer, SocketKind::admin, own, client_group) == admin);
}

TEST_CASE("a daemon that runs as nobody admits nobody") {
    CHECK_FALSE(is_admitted({65534, 1, {}}, SocketKind::admin, 65534, std::nullopt));
}

TEST_CASE("the kernel tells who the peer is") {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const auto peer = protocol::peer_credentials(ends[0]);
    REQUIRE(peer);
    CHECK(peer->uid == ::geteuid());
    CHECK(peer->pid == ::getpid());
    CHECK(peer->groups.front() == ::getegid());
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK_FALSE(protocol::peer_credentials(-1));
}

TEST_CASE("groups are found by name") {
    CHECK(gate::group_named("root") == 0);
    CHECK_FALSE(gate::group_named(""));
    CHECK_FALSE(gate::group_named("no-such-group-here"));
}
