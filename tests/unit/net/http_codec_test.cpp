// Requests to bytes and bytes to replies, by tables; every reply is fed whole, in halves and byte by byte.

#include "net/http_codec.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

using namespace krakken::net;
using State = ReplyAssembler::State;

namespace {

constexpr std::size_t limit = 64;

Request post(std::string body) {
    Request request;
    request.method = "POST";
    request.target = "/0/private/Balance";
    request.headers = {{"API-Key", "key"}, {"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = std::move(body);
    return request;
}

// Stops where the assembler does, as the connection would.
State feed_in_pieces(ReplyAssembler& assembler, std::string_view bytes, std::size_t piece) {
    State state = State::incomplete;
    for (std::size_t at = 0; at < bytes.size() && state == State::incomplete; at += piece) {
        state = assembler.feed(bytes.substr(at, piece));
    }
    return state;
}

}  // namespace

TEST_CASE("http: a POST is written exactly", "[net]") {
    CHECK(
        write_request(post("nonce=1&x=%0a"), "api.kraken.com", "krakkend/0.1.0") ==
        "POST /0/private/Balance HTTP/1.1\r\n"
        "Host: api.kraken.com\r\n"
        "User-Agent: krakkend/0.1.0\r\n"
        "Connection: keep-alive\r\n"
        "API-Key: key\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: 13\r\n"
        "\r\n"
        "nonce=1&x=%0a"
    );
}

TEST_CASE("http: the body is copied byte for byte", "[net]") {
    std::string body;
    for (int byte = 0; byte < 256; ++byte) {
        body.push_back(static_cast<char>(byte));
    }
    const std::string bytes = write_request(post(body), "h", "a");
    CHECK(bytes.ends_with("Content-Length: 256\r\n\r\n" + body));
    CHECK(write_request(post(""), "h", "a").ends_with("Content-Length: 0\r\n\r\n"));
}

TEST_CASE("http: a GET has no body and no length", "[net]") {
    Request request;
    request.method = "GET";
    request.target = "/0/public/Time?x=1";
    CHECK(
        write_request(request, "h:1", "a") ==
        "GET /0/public/Time?x=1 HTTP/1.1\r\nHost: h:1\r\nUser-Agent: a\r\nConnection: keep-alive\r\n\r\n"
    );
}

TEST_CASE("http: what would be read as more than it is, is refused", "[net]") {
    Request request = post("x");
    SECTION("line break in a value") {
        request.headers[0].second = "a\r\nX-Evil: 1";
    }
    SECTION("bare line feed") {
        request.headers[0].second = "a\nb";
    }
    SECTION("zero byte") {
        request.headers[0].second = std::string("a\0b", 3);
    }
    SECTION("line break in a name") {
        request.headers[0].first = "A\r\nB";
    }
    SECTION("colon in a name") {
        request.headers[0].first = "A:";
    }
    SECTION("empty name") {
        request.headers[0].first = "";
    }
    SECTION("a length of its own") {
        request.headers[0].first = "content-length";
    }
    SECTION("a coding of its own") {
        request.headers[0].first = "Transfer-Encoding";
    }
    SECTION("a host of its own") {
        request.headers[0].first = "host";
    }
    SECTION("line break in the target") {
        request.target = "/a\r\nX: y";
    }
    SECTION("space in the target") {
        request.target = "/a b";
    }
    SECTION("relative target") {
        request.target = "a";
    }
    SECTION("empty target") {
        request.target = "";
    }
    SECTION("other method") {
        request.method = "PUT";
    }
    SECTION("method with more") {
        request.method = "GET / HTTP/1.1\r\n";
    }
    SECTION("GET with a body") {
        request.method = "GET";
    }
    CHECK_THROWS_AS(write_request(request, "h", "a"), std::invalid_argument);
}

TEST_CASE("http: complete replies", "[net]") {
    struct Row {
        const char* bytes;
        unsigned status;
        const char* body;
        bool reusable;
    };
    const Row row = GENERATE(
        Row{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true},
        Row{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true},
        Row{"HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
        Row{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
        Row{"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
        Row{"HTTP/1.1 302 Found\r\nLocation: https://evil\r\nContent-Length: 0\r\n\r\n", 302, "", true},
        Row{"HTTP/1.1 502 Bad\r\nContent-Length: 6\r\n\r\n<html>", 502, "<html>", true},
        Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            200,
            "abcde",
            true},
        Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n",
            200,
            "a",
            true},
        Row{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
        Row{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
            "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
            404,
            "",
            true}
    );
    const std::string bytes = row.bytes;
    CAPTURE(bytes);
    for (const std::size_t piece : {bytes.size(), bytes.size() / 2 + 1, std::size_t{1}}) {
        CAPTURE(piece);
        ReplyAssembler assembler(limit);
        REQUIRE(feed_in_pieces(assembler, bytes, piece) == State::complete);
        CHECK(assembler.reusable() == row.reusable);
        const Reply reply = assembler.take();
        CHECK(reply.status == row.status);
        CHECK(reply.body == row.body);
    }
}

TEST_CASE("http: bytes beyond the reply forbid reuse", "[net]") {
    ReplyAssembler assembler(limit);
    REQUIRE(assembler.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1") == State::complete);
    CHECK_FALSE(assembler.reusable());
    CHECK(assembler.take().body == "ok");
}

TEST_CASE("http: the content type is passed on", "[net]") {
    ReplyAssembler assembler(limit);
    assembler.feed(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"
    );
    CHECK(assembler.take().content_type == "application/json; charset=utf-8");
}

TEST_CASE("http: a reply without a length ends with the stream", "[net]") {
    ReplyAssembler assembler(limit);
    REQUIRE(assembler.feed("HTTP/1.1 200 OK\r\n\r\nall of it") == State::incomplete);
    REQUIRE(assembler.end() == State::complete);
    CHECK_FALSE(assembler.reusable());
    CHECK(assembler.take().body == "all of it");
}

TEST_CASE("http: a stream that ends early is cut off", "[net]") {
    const std::string bytes = GENERATE(
        "",
        "H",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    );
    CAPTURE(bytes);
    ReplyAssembler assembler(limit);
    CHECK(assembler.feed(bytes) == State::incomplete);
    CHECK(assembler.end() == State::cut_off);
}

TEST_CASE("http: what is not HTTP is malformed", "[net]") {
    const std::string bytes = GENERATE(
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 2xx OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n"
    );
    CAPTURE(bytes);
    for (const std::size_t piece : {bytes.size(), std::size_t{1}}) {
        ReplyAssembler assembler(limit);
        CHECK(feed_in_pieces(assembler, bytes, piece) == State::malformed);
        CHECK_FALSE(assembler.reusable());
        CHECK_FALSE(assembler.detail().empty());
    }
}

TEST_CASE("http: the body limit holds in every coding", "[net]") {
    const std::string fits(limit, 'x');
    const std::string large(limit + 1, 'x');
    const auto with_length = [](const std::string& body) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    };
    CHECK(ReplyAssembler(limit).feed(with_length(fits)) == State::complete);
    CHECK(ReplyAssembler(limit).feed(with_length(large)) == State::too_large);
    // Refused by its header: the body is not waited for.
    CHECK(
        ReplyAssembler(limit).feed("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n") ==
        State::too_large
    );
    const std::string chunk = "20\r\n" + std::string(32, 'x') + "\r\n";
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(ReplyAssembler(limit).feed(chunked + chunk + chunk + "0\r\n\r\n") == State::complete);
    CHECK(ReplyAssembler(limit).feed(chunked + chunk + chunk + chunk) == State::too_large);
    CHECK(ReplyAssembler(limit).feed("HTTP/1.1 200 OK\r\n\r\n" + large) == State::too_large);
}

TEST_CASE("http: an endless header is refused", "[net]") {
    const std::string start = GENERATE(
        "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=", "HTTP/1.1 200 "
    );
    CAPTURE(start);
    ReplyAssembler assembler(limit);
    State state = assembler.feed(start);
    const std::string kibibyte(1024, 'a');
    for (int fed = 0; fed < 100 && state == State::incomplete; ++fed) {
        state = assembler.feed(kibibyte);
    }
    CHECK(state == State::too_large);
}
