// gate/session at its limits: lines too long or too slow, too many calls, clients that do not read.

#include "session_bench.hpp"

#include "protocol/limits.hpp"

#include <sys/socket.h>
#include <algorithm>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using gate::Session;
using protocol::SocketKind;
using test::SessionBench;
using namespace std::chrono_literals;

std::string padded_ping(std::size_t size) {
    const std::string begin = R"({"jsonrpc":"2.0","id":1,"method":"ping")";
    return begin + std::string(size - begin.size() - 1, ' ') + "}";
}

}  // namespace

TEST_CASE("a line may be as long as the contract says, on both sockets") {
    const auto kind = GENERATE(SocketKind::client, SocketKind::admin);
    const auto end = GENERATE(as<std::string>(), "\n", "\r\n");
    SessionBench bench(kind);
    for (int i = 0; i < 3; ++i) {
        bench.write(padded_ping(protocol::max_request_bytes) + end);
        CHECK(bench.replies().size() == 1);
    }
    bench.request("2", "ping");
    CHECK(bench.replies().size() == 1);
}

TEST_CASE("a longer line is refused and the connection closed") {
    const auto kind = GENERATE(SocketKind::client, SocketKind::admin);
    const auto ended = GENERATE(true, false);
    SessionBench bench(kind);
    bench.write(std::string(protocol::max_request_bytes + 100'000, '{') + (ended ? "\n" : ""));
    if (!ended) bench.half_close();
    const auto replies = bench.replies();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].starts_with(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700)"));
    CHECK(replies[0].contains(R"("call_id":")"));
    CHECK(bench.is_closed());
    CHECK(bench.ended == 1);
}

TEST_CASE("a line without end is not read for ever") {
    SessionBench bench;
    const std::string piece(1024 * 1024, '[');
    std::size_t taken = 0;
    for (int i = 0; i < 20 && !bench.is_closed(); ++i)
        taken += bench.write(piece);
    CHECK(bench.is_closed());
    CHECK(taken < 8 * piece.size());
}

TEST_CASE("what is not UTF-8 is refused and the connection closed") {
    SessionBench bench;
    bench.write("{\"\xFF\":1}\n" + SessionBench::line("1", "ping"));
    const auto replies = bench.replies();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].contains("-32700"));
    CHECK(bench.is_closed());
}

TEST_CASE("a line that is begun and not ended closes the connection") {
    SessionBench bench(SocketKind::client, {.for_a_line = 0ms, .for_the_read_of_a_reply = 60s});
    bench.request("1", "ping");
    bench.loop.poll();
    CHECK_FALSE(bench.is_closed());  // idle between lines as long as it likes
    bench.write("{");
    bench.loop.run();
    CHECK(bench.is_closed());
    CHECK(bench.ended == 1);
}

TEST_CASE("a busy client whose reads end in the middle of lines is not taken for a slow one") {
    constexpr auto patience = 300ms;
    SessionBench bench(SocketKind::client, {.for_a_line = patience, .for_the_read_of_a_reply = 60s});
    const std::string line = SessionBench::line("1", "ping");
    const std::string begin = line.substr(0, 10);
    const std::string rest_and_begin = line.substr(10) + begin;
    bench.write(begin);
    const auto end = std::chrono::steady_clock::now() + 2 * patience;
    while (std::chrono::steady_clock::now() < end && !bench.is_closed()) {
        bench.write(rest_and_begin);
        bench.replies();
    }
    CHECK_FALSE(bench.is_closed());
}

TEST_CASE("a client that does not read its reply is let go, its calls are not") {
    SessionBench bench(SocketKind::client, {.for_a_line = 30s, .for_the_read_of_a_reply = 0ms});
    const std::string large = '"' + std::string(4 * 1024 * 1024, 'x') + '"';
    bench.upstream.then(test::answer(large));
    bench.request("1", "call", R"({"endpoint":"Time"})");
    bench.loop.run();
    CHECK(bench.ended == 1);
}

TEST_CASE("no more than 64 calls of one connection run at once, and none is lost") {
    SessionBench bench;
    bench.upstream.held.close();
    std::string lines;
    for (int i = 0; i < 200; ++i) {
        const std::string number = std::to_string(i);  // equal reads would be one
        lines += SessionBench::line(number, "call", R"({"endpoint":"Time","params":{"n":)" + number + "}}");
    }
    bench.write(lines);
    CHECK(bench.upstream.requests.size() == 64);
    CHECK(bench.replies().empty());
    bench.upstream.held.open_for_one();
    CHECK(bench.replies().size() == 1);
    CHECK(bench.upstream.requests.size() == 65);
    bench.upstream.held.open();
    CHECK(bench.replies().size() == 199);
    CHECK_FALSE(bench.is_closed());
}

TEST_CASE("a client that does not read gets no further replies made, and later every one") {
    SessionBench bench;
    std::size_t written = 0;
    std::string lines;
    for (int i = 0; i < 10; ++i)
        lines += SessionBench::line("1", "endpoints");
    for (int i = 0; i < 10'000; ++i) {
        const std::size_t sent = bench.write(lines);
        written += sent;
        if (sent < lines.size()) break;
    }
    const std::size_t whole = written / (lines.size() / 10);
    CHECK(whole < 50'000);
    std::size_t replies = 0;
    for (std::size_t some = 1; some > 0;) {
        some = bench.replies().size();
        replies += some;
    }
    CHECK(replies == whole);
}

// A pipeline of pings, numbered, with calls among them that Kraken answers whenever the test says.
TEST_CASE("a client that reads slowly gets every reply once, those of one kind in order") {
    SessionBench bench;
    bench.upstream.held.close();
    bench.upstream.otherwise = [](const net::Request&) {
        return test::answer('"' + std::string(100'000, 'x') + '"');
    };
    constexpr int count = 60'000;
    std::string lines;
    for (int i = 0; i < count; ++i) {
        const bool call = i % 1000 == 0;
        lines += SessionBench::line(
            std::to_string(i), call ? "call" : "ping", call ? R"({"endpoint":"Time"})" : "{}"
        );
    }
    std::vector<int> seen(count, 0);
    int latest_ping = -1;
    bool in_order = true;
    int replies = 0;
    const auto take = [&](const std::string& reply) {
        const int id = std::stoi(reply.substr(reply.find(R"("id":)") + 5));
        REQUIRE((id >= 0 && id < count));
        ++seen[static_cast<std::size_t>(id)];
        ++replies;
        if (id % 1000 == 0) return;
        in_order = in_order && id > latest_ping;
        latest_ping = id;
    };
    std::size_t written = 0;
    bool held_back = false;
    std::string unread;
    char room[1000];
    for (int idle = 0; replies < count && idle < 100;) {
        const std::size_t sent = bench.write(std::string_view(lines).substr(written));
        written += sent;
        held_back = held_back || (sent == 0 && written < lines.size());
        bench.upstream.held.open_for_one();
        bench.loop.poll();
        // A little only, so that the session writes in parts.
        const auto got = ::recv(bench.end, room, sizeof room, MSG_DONTWAIT);
        idle = got > 0 ? 0 : idle + 1;
        if (got <= 0) continue;
        unread.append(room, static_cast<std::size_t>(got));
        std::size_t begin = 0;
        for (std::size_t feed = 0; (feed = unread.find('\n', begin)) != std::string::npos; begin = feed + 1)
            take(unread.substr(begin, feed - begin));
        unread.erase(0, begin);
    }
    CHECK(held_back);
    CHECK(replies == count);
    CHECK(std::ranges::all_of(seen, [](int times) { return times == 1; }));
    CHECK(in_order);
    CHECK(unread.empty());
    bench.request("1", "ping");
    CHECK(bench.replies().size() == 1);
    bench.half_close();
    CHECK(bench.is_closed());
    CHECK(bench.ended == 1);
}

TEST_CASE("a client that stops reading and goes leaves nothing behind") {
    SessionBench bench;
    std::string lines;
    for (int i = 0; i < 20'000; ++i)
        lines += SessionBench::line(std::to_string(i), "endpoints");
    bench.write(lines);
    bench.hang_up();
    bench.loop.run();
    CHECK(bench.ended == 1);
}
