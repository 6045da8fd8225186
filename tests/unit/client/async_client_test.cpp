#include "client/async_client.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <semaphore>

#include "fake_daemon.hpp"

namespace {

namespace asio = boost::asio;
using namespace krakken::client;
using namespace krakken::test;
using namespace std::chrono_literals;
using krakken::protocol::Executed;
using Result = Outcome<std::string>;

// Spawns a request whose outcome ends in `into`.
void spawn(
    asio::io_context& loop,
    AsyncClient& client,
    std::string method,
    std::string params,
    std::optional<Result>& into,
    Patience patience = 5s
) {
    asio::co_spawn(
        loop,
        client.request(std::move(method), std::move(params), patience),
        [&into](std::exception_ptr error, Result result) {
            if (error) std::rethrow_exception(error);
            into = std::move(result);
        }
    );
}

}  // namespace

TEST_CASE("many requests share a connection and answers find theirs in any order") {
    // Holds all answers back until the last request has come, then sends them the other way round.
    std::vector<std::string> held;
    FakeDaemon daemon(
        [&](const std::string& line) {
            held.push_back(reply(line, "\"" + id_of(line) + "\""));
            std::string all;
            if (held.size() == 100)
                for (auto at = held.rbegin(); at != held.rend(); ++at)
                    all += *at;
            return all;
        },
        7
    );
    asio::io_context loop;
    AsyncClient client(loop.get_executor(), daemon.sockets());
    std::vector<std::optional<Result>> results(100);
    for (auto& result : results)
        spawn(loop, client, "ping", "{}", result);
    asio::post(loop, [] {});
    while (std::ranges::any_of(results, [](const auto& result) { return !result; }))
        loop.run_one();
    for (std::size_t i = 0; i < results.size(); ++i) {
        REQUIRE(results[i]);
        CHECK(*results[i] == "\"" + std::to_string(i + 1) + "\"");
    }
    CHECK(daemon.connections() == 1);
}

TEST_CASE("calls are written as the blocking client writes them") {
    FakeDaemon daemon([](const std::string& line) { return reply(line, R"({"txid":["O1"]})"); });
    asio::io_context loop;
    AsyncClient client(loop.get_executor(), daemon.sockets());
    std::optional<Result> result;
    CallOptions options;
    options.account = "bot1";
    asio::co_spawn(
        loop,
        client.call("AddOrder", "{\"volume\":1.10,\n\"price\":\"1\"}", options),
        [&](std::exception_ptr error, Result got) {
            REQUIRE_FALSE(error);
            result = std::move(got);
            client.close();
        }
    );
    loop.run();  // ends: nothing is left running behind close()
    REQUIRE(result);
    CHECK(*result == R"({"txid":["O1"]})");
    CHECK(
        daemon.lines().at(0) ==
        R"({"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"AddOrder","account":"bot1",)"
        R"("params":{"volume":1.10, "price":"1"}}})"
    );
}

TEST_CASE("a lost connection fails every open request by what it does, and the next one connects anew") {
    FakeDaemon daemon([first = true](const std::string& line) mutable -> std::optional<std::string> {
        if (line.find("\"version\"") != std::string::npos) return reply(line, "true");
        if (!first) return std::nullopt;
        first = false;
        return "";
    });
    asio::io_context loop;
    AsyncClient client(loop.get_executor(), daemon.sockets());
    std::optional<Result> read;
    std::optional<Result> act;
    spawn(loop, client, "status", "{}", read);
    spawn(loop, client, "call", R"({"endpoint":"AddOrder"})", act);
    loop.run();
    REQUIRE(read);
    REQUIRE(act);
    CHECK(read->error().kind == FailureKind::lost);
    CHECK(read->error().executed == Executed::no);
    CHECK(act->error().kind == FailureKind::lost);
    CHECK(act->error().executed == Executed::unknown);

    std::optional<Result> again;
    spawn(loop, client, "version", "{}", again);
    loop.restart();
    while (!again)
        loop.run_one();
    CHECK(*again == "true");
    CHECK(daemon.connections() == 2);
}

TEST_CASE("what is not answered in time is late, and a late answer disturbs nobody") {
    std::string held;
    FakeDaemon daemon([&](const std::string& line) {
        if (held.empty()) {
            held = reply(line, "\"late\"");
            return std::string();
        }
        return held + reply(line, "\"second\"");
    });
    asio::io_context loop;
    AsyncClient client(loop.get_executor(), daemon.sockets());
    std::optional<Result> first;
    std::optional<Result> second;
    spawn(loop, client, "call", R"({"endpoint":"AddOrder"})", first, 20ms);
    while (!first)
        loop.run_one();
    CHECK(first->error().kind == FailureKind::late);
    CHECK(first->error().executed == Executed::unknown);
    spawn(loop, client, "ping", "{}", second);
    while (!second)
        loop.run_one();
    CHECK(*second == "\"second\"");
    CHECK(daemon.connections() == 1);
}

TEST_CASE("a request that is cancelled before it leaves is taken back") {
    // The daemon reads no more after the first line, so that the connection fills up and later requests wait.
    std::binary_semaphore go_on(0);
    FakeDaemon daemon([&, first = true](const std::string& line) mutable {
        if (std::exchange(first, false)) go_on.acquire();
        return reply(line, "true");
    });
    asio::io_context loop;
    AsyncClient client(loop.get_executor(), daemon.sockets());
    const std::string large = "{\"a\":\"" + std::string(200'000, 'x') + "\"}";
    std::vector<std::optional<Result>> others(6);
    for (auto& result : others)
        spawn(loop, client, "ping", large, result);
    asio::cancellation_signal cancel;
    std::optional<Result> taken_back;
    asio::co_spawn(
        loop,
        client.request("call", R"({"endpoint":"AddOrder"})"),
        asio::bind_cancellation_slot(
            cancel.slot(),
            [&](std::exception_ptr error, Result result) {
                REQUIRE_FALSE(error);
                taken_back = std::move(result);
            }
        )
    );
    while (daemon.lines().empty())
        loop.poll_one();
    cancel.emit(asio::cancellation_type::terminal);
    while (!taken_back)
        loop.run_one();
    CHECK(taken_back->error().kind == FailureKind::unsent);
    CHECK(taken_back->error().executed == Executed::no);

    go_on.release();
    while (std::ranges::any_of(others, [](const auto& result) { return !result; }))
        loop.run_one();
    std::optional<Result> next;
    spawn(loop, client, "ping", "{}", next);
    while (!next)
        loop.run_one();
    CHECK(*next == "true");
    for (const auto& line : daemon.lines())
        CHECK(line.find("AddOrder") == std::string::npos);
}

TEST_CASE("a request that is cancelled after it left may have happened") {
    FakeDaemon daemon([](const std::string&) { return ""; });
    asio::io_context loop;
    AsyncClient client(loop.get_executor(), daemon.sockets());
    asio::cancellation_signal cancel;
    std::optional<Result> left;
    asio::co_spawn(
        loop,
        client.request("call", R"({"endpoint":"AddOrder"})"),
        asio::bind_cancellation_slot(
            cancel.slot(),
            [&](std::exception_ptr error, Result result) {
                REQUIRE_FALSE(error);
                left = std::move(result);
            }
        )
    );
    while (daemon.lines().empty())
        loop.poll_one();
    cancel.emit(asio::cancellation_type::terminal);
    while (!left)
        loop.run_one();
    CHECK(left->error().kind == FailureKind::late);
    CHECK(left->error().executed == Executed::unknown);
}

TEST_CASE("requests in flight are bounded") {
    FakeDaemon daemon([](const std::string&) { return ""; });
    asio::io_context loop;
    AsyncClient client(loop.get_executor(), daemon.sockets());
    std::vector<std::optional<Result>> results(AsyncClient::max_in_flight + 1);
    for (auto& result : results)
        spawn(loop, client, "ping", "{}", result);
    while (!results.back())
        loop.run_one();
    CHECK(results.back()->error().kind == FailureKind::unsent);
    CHECK_FALSE(results.front());
    client.close();
    loop.run();
    CHECK(results.front()->error().executed == Executed::no);
}

TEST_CASE("no daemon is told at once, by the first request") {
    const ScratchFolder folder;
    asio::io_context loop;
    AsyncClient client(loop.get_executor(), {folder.path() / "absent.sock"});
    std::optional<Result> result;
    spawn(loop, client, "ping", "{}", result);
    loop.run();
    REQUIRE(result);
    CHECK(result->error().kind == FailureKind::no_daemon);
}

TEST_CASE("the client may go while requests wait") {
    FakeDaemon daemon([](const std::string&) { return ""; });
    asio::io_context loop;
    auto client = std::make_unique<AsyncClient>(loop.get_executor(), daemon.sockets());
    std::optional<Result> result;
    spawn(loop, *client, "status", "{}", result);
    while (daemon.lines().empty())
        loop.poll_one();
    client.reset();
    loop.run();
    REQUIRE(result);
    CHECK(result->error().kind == FailureKind::lost);
}
