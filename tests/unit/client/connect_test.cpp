#include "client/connect.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "client/client.hpp"
#include "fake_daemon.hpp"

namespace {

using namespace krakken::client;
using namespace krakken::test;

}  // namespace

TEST_CASE("who is trusted: the own uid, root, the owner of the folder") {
    struct Case {
        uid_t server, own, owner;
        bool trusted;
    };
    const auto [server, own, owner, trusted] = GENERATE(
        as<Case>(),
        Case{1000, 1000, 0, true},
        Case{0, 1000, 1000, true},
        Case{998, 1000, 998, true},
        Case{998, 1000, 1000, false},
        Case{998, 1000, 0, false},
        Case{1000, 0, 0, false},
        // What the kernel shows for users of another namespace is no user to trust.
        Case{65534, 1000, 65534, false},
        Case{65534, 0, 0, false}
    );
    CAPTURE(server, own, owner);
    CHECK(is_trusted(server, own, owner) == trusted);
}

TEST_CASE("no socket, a stale socket, no place for one: no daemon, and it says where") {
    const ScratchFolder folder;
    const auto missing = folder.path() / "missing.sock";
    const auto file = folder.path() / "file.sock";
    std::ofstream(file) << "x";
    const auto too_long = folder.path() / std::string(200, 'x');
    for (const auto& path : {missing, file, too_long}) {
        const auto client = Client::connect({path});
        REQUIRE_FALSE(client);
        CAPTURE(client.error().message);
        CHECK(client.error().kind == FailureKind::no_daemon);
        CHECK(client.error().executed == krakken::protocol::Executed::no);
        CHECK(client.error().message.find(path.string()) != std::string::npos);
        CHECK_FALSE(client.error().remedy.empty());
    }
}

TEST_CASE("the first socket that answers is used, and all are named when none does") {
    const FakeDaemon daemon([](const std::string& line) { return reply(line, "true"); });
    const ScratchFolder folder;
    const std::filesystem::path absent = folder.path() / "absent.sock";
    auto client = Client::connect({absent, daemon.sockets().front()});
    REQUIRE(client);
    CHECK(client->socket() == daemon.sockets().front());
    CHECK(client->request("ping") == "true");

    const std::filesystem::path other = folder.path() / "other.sock";
    const auto none = Client::connect({absent, other});
    REQUIRE_FALSE(none);
    CHECK(none.error().message.find(absent.string()) != std::string::npos);
    CHECK(none.error().message.find(other.string()) != std::string::npos);
}

TEST_CASE("a socket that is there says more than one that is not") {
    const ScratchFolder folder;
    const auto file = folder.path() / "file.sock";
    std::ofstream(file) << "x";
    const auto none = Client::connect({folder.path() / "absent.sock", file});
    REQUIRE_FALSE(none);
    CHECK(none.error().message.find(file.string()) != std::string::npos);
}
