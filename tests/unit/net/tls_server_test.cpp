// net/tls_server: a client that trusts the authority gets through, and a certificate is replaced in time.

#include "net/tls_server.hpp"

#include "net/tls.hpp"
#include "support/event_loop.hpp"
#include "support/manual_clock.hpp"
#include "support/scratch.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace {

using namespace krakken;
using boost::asio::awaitable;
using boost::asio::ip::tcp;
using net::LocalAuthority;
using net::TlsServer;
using std::chrono::days;

const base::Time now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
const auto loopback = boost::asio::ip::make_address("127.0.0.1");

awaitable<bool> greet(std::shared_ptr<net::ClientStream> client) {
    const auto begun = co_await client->begin(std::chrono::steady_clock::now() + std::chrono::seconds(30));
    co_return begun.has_value();
}

awaitable<std::string> greet(std::shared_ptr<net::TlsStream> server) {
    const auto done = co_await server->handshake();
    co_return done ? "" : done.error();
}

// What the client says that trusts the CA file and calls the server by this name; empty: it got through.
std::string objection(
    TlsServer& server, const std::filesystem::path& ca_file, const std::string& host = "localhost"
) {
    test::EventLoop loop;
    tcp::acceptor acceptor(loop.context, tcp::endpoint(loopback, 0));
    tcp::socket near(loop.context);
    near.connect(acceptor.local_endpoint());
    const std::string port = std::to_string(acceptor.local_endpoint().port());
    net::TlsClient trusting(net::parse_base_url("https://" + host + ':' + port), ca_file);
    const auto there = loop.start(greet(server.wrap(acceptor.accept())));
    const auto here = loop.start(greet(trusting.wrap(std::move(near))));
    loop.run();
    REQUIRE(*here);
    REQUIRE(*there);
    CHECK(**there == (*here)->empty());
    return **here;
}

LocalAuthority authority_in(const test::Scratch& scratch, base::Time when) {
    auto authority = LocalAuthority::open_or_make(scratch.path() / "gateway", when);
    REQUIRE(authority);
    return std::move(*authority);
}

}  // namespace

TEST_CASE("tls server: who trusts its authority gets through, by name and address") {
    const test::Scratch scratch;
    test::ManualClock clock;
    clock.time = now;
    TlsServer server(authority_in(scratch, now), loopback, clock);
    const auto ca_file = server.authority().file();
    CHECK(objection(server, ca_file) == "");
    CHECK(objection(server, ca_file, "127.0.0.1") == "");
    const test::Scratch elsewhere;
    const LocalAuthority other = authority_in(elsewhere, now);
    CHECK_FALSE(objection(server, other.file()).empty());
}

TEST_CASE("tls server: the certificate is replaced before it ends, and when the clock was put back") {
    const test::Scratch scratch;
    test::ManualClock clock;
    const auto made = GENERATE(now - days(500), now + days(30));
    clock.time = made;
    TlsServer server(authority_in(scratch, now - days(1000)), loopback, clock);
    const auto ca_file = server.authority().file();
    CHECK_FALSE(objection(server, ca_file).empty());  // by the real clock it has ended, or not begun
    clock.time = now;
    CHECK(objection(server, ca_file) == "");
}
