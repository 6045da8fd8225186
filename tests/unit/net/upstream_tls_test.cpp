// Who is trusted, and that nobody else sees a byte of a request.

#include "support/with_upstream.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <stdexcept>

using namespace krakken::net;
using namespace krakken::net::test;

namespace {

// Tries one exchange that must fail in TLS, and checks that the server saw no request.
std::string tls_failure(
    const Authority& trusted,
    const Identity& identity,
    ServerWish wish = {},
    const std::string& host = "localhost"
) {
    bool asked = false;
    std::string detail;
    {
        TestServer server(identity, [&](Peer& peer) { asked = !peer.read_request().empty(); }, wish);
        WithUpstream client(WithUpstream::settings(server.url(host), trusted));
        const Outcome outcome = client.exchange(patience, WithUpstream::post("nonce=1"));
        REQUIRE_FALSE(outcome.has_value());
        CHECK(outcome.error().kind == FailureKind::tls);
        CHECK_FALSE(outcome.error().sent);
        detail = outcome.error().detail;
    }
    CHECK_FALSE(asked);
    return detail;
}

}  // namespace

TEST_CASE("tls: a certificate for another host is refused", "[net]") {
    const Authority authority;
    const std::string names =
        GENERATE("DNS:example.com", "DNS:*.localhost", "IP:127.0.0.1", "DNS:localhost.example");
    CAPTURE(names);
    const Identity identity = authority.issue({.alternative_name = names});
    CHECK_THAT(tls_failure(authority, identity), Catch::Contains("ostname mismatch"));
}

TEST_CASE("tls: an address needs a certificate for that address", "[net]") {
    const Authority authority;
    const std::string names = GENERATE("DNS:localhost", "IP:127.0.0.2", "DNS:127.0.0.1");
    CAPTURE(names);
    const Identity identity = authority.issue({.alternative_name = names});
    CHECK_THAT(tls_failure(authority, identity, {}, "127.0.0.1"), Catch::Contains("IP address mismatch"));
}

TEST_CASE("tls: a certificate nobody trusts is refused", "[net]") {
    const Authority authority;
    const Authority other;
    CHECK_THAT(tls_failure(authority, Authority::self_signed()), Catch::Contains("self"));
    CHECK_THAT(tls_failure(authority, other.issue()), Catch::Contains("certificate:"));
}

TEST_CASE("tls: a certificate out of its time is refused", "[net]") {
    const Authority authority;
    const Identity expired = authority.issue({.valid_from = -7200, .valid_until = -3600});
    CHECK_THAT(tls_failure(authority, expired), Catch::Contains("expired"));
    const Identity early = authority.issue({.valid_from = 3600, .valid_until = 7200});
    CHECK_THAT(tls_failure(authority, early), Catch::Contains("not yet valid"));
}

TEST_CASE("tls: a server without TLS 1.2 is refused", "[net]") {
    const Authority authority;
    CHECK_FALSE(tls_failure(authority, authority.issue(), {.only_tls11 = true}).empty());
}

TEST_CASE("tls: the system's store does not trust a stranger", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), answer_all);
    UpstreamSettings settings = WithUpstream::settings(server.url(), authority);
    settings.ca_file.clear();
    WithUpstream client(settings);
    const Outcome outcome = client.exchange();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().kind == FailureKind::tls);
}

TEST_CASE("tls: a name is indicated to the server, an address is not", "[net]") {
    const Authority authority;
    const Identity identity = authority.issue({.alternative_name = "DNS:localhost,IP:127.0.0.1"});
    TestServer server(identity, [&](Peer& peer) {
        server.note("name=" + peer.server_name() + ".");
        answer_all(peer);
    });
    WithUpstream by_name(WithUpstream::settings(server.url("localhost"), authority));
    CHECK(by_name.exchange().has_value());
    CHECK(server.count("name=localhost.") == 1);
    WithUpstream by_address(WithUpstream::settings(server.url("127.0.0.1"), authority));
    CHECK(by_address.exchange().has_value());
    CHECK(server.count("name=.") == 1);
}

TEST_CASE("tls: a later connection resumes the session", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [&](Peer& peer) {
        server.note(peer.resumed() ? "resumed" : "full");
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        peer.wait_for_end();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    for (int count = 0; count < 4; ++count) {
        REQUIRE(client.exchange().has_value());
    }
    CHECK(server.count("full") == 1);
    CHECK(server.count("resumed") == 3);
}

TEST_CASE("tls: settings that cannot work are refused at once", "[net]") {
    boost::asio::io_context context{1};
    const Authority authority;
    UpstreamSettings settings = WithUpstream::settings("https://localhost", authority);
    SECTION("not https") {
        settings.base_url = "http://localhost";
    }
    SECTION("no such CA file") {
        settings.ca_file = "/nowhere/ca.pem";
    }
    SECTION("a folder as CA file") {
        settings.ca_file = "/";
    }
    SECTION("a fifo as CA file, which nobody writes to") {
        std::filesystem::remove(authority.file());
        REQUIRE(::mkfifo(authority.file().c_str(), 0600) == 0);
    }
    SECTION("a CA file without certificates") {
        std::ofstream(authority.file()) << "nothing";
    }
    CHECK_THROWS_AS(make_upstream(context.get_executor(), settings), std::runtime_error);
}
