// gate/policy and gate/peer: who may connect, and what may be called.

#include "gate/peer.hpp"
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

TEST_CASE("effects that move funds or hand out tokens are forbidden, all others allowed") {
    for (const auto& endpoint : protocol::endpoints()) {
        CAPTURE(endpoint.name);
        const auto allowed = gate::may_call(endpoint, *kraken::Parameters::parse(""), {});
        const bool forbidden = endpoint.effect == Effect::fund || endpoint.effect == Effect::token;
        CHECK(allowed.has_value() != forbidden);
        if (allowed) continue;
        CHECK(allowed.error().code == protocol::ErrorCode::forbidden);
        const std::string rule = boost::json::serialize(allowed.error().details.at("rule"));
        CHECK(rule == (endpoint.effect == Effect::fund ? R"("effect:fund")" : R"("effect:token")"));
    }
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
