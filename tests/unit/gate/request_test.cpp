// gate/request: lines to requests, and replies to text.

#include "gate/request.hpp"

#include "protocol/limits.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using gate::Line;
using gate::read_line;
using protocol::ErrorCode;
using protocol::SocketKind;

Line client(std::string_view text) {
    return read_line(text, SocketKind::client);
}

std::string nested(std::size_t depth) {
    return R"({"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"Time","params":{"a":)" +
           std::string(depth, '[') + std::string(depth, ']') + "}}}";
}

}  // namespace

TEST_CASE("an id comes back as the client wrote it") {
    const auto id = GENERATE(
        as<std::string>(),
        "1",
        "0",
        "-1",
        "1.50",
        "1e2",
        "123456789012345678901234567890",
        "null",
        R"("")",
        R"("a\u0062\/")",
        "\"\xE2\x82\xAC\""
    );
    CAPTURE(id);
    const Line line = client(R"({"jsonrpc": "2.0", "method": "ping", "id": )" + id + " }");
    REQUIRE(line.requests.size() == 1);
    REQUIRE(line.requests.front());
    CHECK(line.requests.front()->id == id);
    CHECK(line.requests.front()->method->name == "ping");
    CHECK_FALSE(line.batch);
    CHECK_FALSE(line.close);
    // In a refusal too.
    const Line refused = client(R"({"id":)" + id + R"(,"jsonrpc":"2.0","method":"nothing"})");
    CHECK(refused.requests.front().error().id == id);
}

TEST_CASE("a request without an id is a notification") {
    const Line line = client(R"({"jsonrpc":"2.0","method":"ping"})");
    REQUIRE(line.requests.front());
    CHECK(line.requests.front()->id.empty());
}

TEST_CASE("what is refused, with which code, to which id") {
    struct Row {
        std::string text;
        ErrorCode code;
        std::string id;
        bool close = false;
    };
    const auto [text, code, id, close] = GENERATE(
        as<Row>(),
        Row{"{", ErrorCode::parse_error, "null"},
        Row{"hello", ErrorCode::parse_error, "null"},
        Row{"  ", ErrorCode::parse_error, "null"},
        Row{"{}{}", ErrorCode::parse_error, "null"},
        Row{R"({"jsonrpc":"2.0","id":1,"method":"ping",})", ErrorCode::parse_error, "null"},
        Row{R"([{"jsonrpc":"2.0","id":1,"method":"ping"})", ErrorCode::parse_error, "null"},
        Row{"\"\xFF\"", ErrorCode::parse_error, "null", true},
        Row{"{\"jsonrpc\":\"2.0\",\"id\":\"\xC0\x80\",\"method\":\"ping\"}",
            ErrorCode::parse_error,
            "null",
            true},
        Row{"\xFF", ErrorCode::parse_error, "null", true},
        Row{nested(40), ErrorCode::parse_error, "null"},
        Row{std::string(100'000, '['), ErrorCode::parse_error, "null"},
        Row{"1", ErrorCode::invalid_request, "null"},
        Row{"\"ping\"", ErrorCode::invalid_request, "null"},
        Row{"null", ErrorCode::invalid_request, "null"},
        Row{"[]", ErrorCode::invalid_request, "null"},
        Row{"{}", ErrorCode::invalid_request, "null"},
        Row{R"({"id":7})", ErrorCode::invalid_request, "7"},
        Row{R"({"jsonrpc":"2.0","id":7})", ErrorCode::invalid_request, "7"},
        Row{R"({"jsonrpc":"1.0","id":7,"method":"ping"})", ErrorCode::invalid_request, "7"},
        Row{R"({"jsonrpc":2.0,"id":7,"method":"ping"})", ErrorCode::invalid_request, "7"},
        Row{R"({"jsonrpc":"2.0","id":7,"method":1})", ErrorCode::invalid_request, "7"},
        Row{R"({"jsonrpc":"2.0","method":1})", ErrorCode::invalid_request, "null"},
        Row{R"({"jsonrpc":"2.0","id":true,"method":"ping"})", ErrorCode::invalid_request, "null"},
        Row{R"({"jsonrpc":"2.0","id":[1],"method":"ping"})", ErrorCode::invalid_request, "null"},
        Row{R"({"jsonrpc":"2.0","id":{},"method":"ping"})", ErrorCode::invalid_request, "null"},
        Row{R"({"jsonrpc":"2.0","id":1,"id":2,"method":"ping"})", ErrorCode::invalid_request, "null"},
        Row{R"({"jsonrpc":"2.0","id":7,"method":"Ping"})", ErrorCode::unknown_method, "7"},
        Row{R"({"jsonrpc":"2.0","method":"nothing"})", ErrorCode::unknown_method, ""},
        Row{R"({"jsonrpc":"2.0","id":7,"method":"unlock"})", ErrorCode::unknown_method, "7"},
        Row{R"({"jsonrpc":"2.0","id":7,"method":"ping","params":[]})", ErrorCode::invalid_params, "7"},
        Row{R"({"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":1}})", ErrorCode::invalid_params, "7"},
        Row{R"({"jsonrpc":"2.0","id":7,"method":"call"})", ErrorCode::invalid_params, "7"}
    );
    CAPTURE(text.substr(0, 100));
    const Line line = client(text);
    REQUIRE(line.requests.size() == 1);
    REQUIRE_FALSE(line.requests.front());
    const auto& refusal = line.requests.front().error();
    CHECK(refusal.error.code == code);
    CHECK(refusal.id == id);
    CHECK(line.close == close);
    CHECK_FALSE(line.batch);
}

TEST_CASE("a method of the other socket is refused with the way to it") {
    const auto admin_only =
        read_line(R"({"jsonrpc":"2.0","id":1,"method":"lock"})", SocketKind::client).requests.front();
    CHECK(admin_only.error().error.code == ErrorCode::unknown_method);
    CHECK(admin_only.error().error.remedy.contains("admin.sock"));
    const auto client_only =
        read_line(R"({"jsonrpc":"2.0","id":1,"method":"profile"})", SocketKind::admin).requests.front();
    CHECK(client_only.error().error.code == ErrorCode::unknown_method);
    CHECK(client_only.error().error.remedy.contains("krakkend.sock"));
    CHECK(read_line(R"({"jsonrpc":"2.0","id":1,"method":"lock"})", SocketKind::admin).requests.front());
}

TEST_CASE("a refusal does not repeat what the client sent") {
    for (const char* text :
         {R"({"jsonrpc":"2.0","id":1,"method":"c2VjcmV0"})",
          R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"c2VjcmV0":1}})",
          R"({"jsonrpc":"2.0","id":1,"method":"ping","params":"c2VjcmV0"})",
          R"({"c2VjcmV0)"}) {
        const Line line = client(text);
        CHECK_FALSE(protocol::to_json(line.requests.front().error().error).contains("c2VjcmV0"));
    }
}

TEST_CASE("the requests of a batch are read one by one") {
    const Line line =
        client(R"([{"jsonrpc":"2.0","id":1,"method":"ping"}, 5, {"jsonrpc":"2.0","method":"ping"},)"
               R"({"jsonrpc":"2.0","id":"x","method":"no"},{"id":1,"id":1}, []])");
    REQUIRE(line.batch);
    REQUIRE(line.requests.size() == 6);
    CHECK(line.requests[0]->id == "1");
    CHECK(line.requests[1].error().error.code == ErrorCode::invalid_request);
    CHECK(line.requests[1].error().id == "null");
    CHECK(line.requests[2]->id.empty());
    CHECK(line.requests[3].error().id == R"("x")");
    CHECK(line.requests[4].error().error.code == ErrorCode::invalid_request);
    CHECK(line.requests[5].error().error.code == ErrorCode::invalid_request);
}

TEST_CASE("a batch holds up to 64 requests") {
    const auto batch = [](std::size_t size) {
        std::string text = "[";
        for (std::size_t i = 0; i < size; ++i)
            text += std::string(i == 0 ? "" : ",") + R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
        return text + "]";
    };
    CHECK(client(batch(64)).requests.size() == 64);
    const Line line = client(batch(65));
    CHECK_FALSE(line.batch);
    CHECK(line.requests.front().error().error.code == ErrorCode::invalid_request);
    CHECK(line.requests.front().error().id == "null");
}

TEST_CASE("a request nests as deep as the contract says") {
    CHECK(client(nested(29)).requests.front());
    CHECK_FALSE(client(nested(30)).requests.front());
}

TEST_CASE("replies are one line with result or error as they are") {
    CHECK(
        gate::reply_text("1.50", R"({"a": 1.10})") == R"({"jsonrpc":"2.0","id":1.50,"result":{"a": 1.10}})"
    );
    const auto refused = gate::line_too_long();
    CHECK(refused.id == "null");
    const std::string text = gate::reply_text("null", std::unexpected(refused.error));
    CHECK(text.starts_with(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,)"));
    CHECK_FALSE(text.contains('\n'));
}

TEST_CASE("the replies of a line go into one, notifications have none") {
    using gate::reply_line;
    CHECK(reply_line(false, {{"1", "c", "{1}"}}) == "{1}");
    CHECK(reply_line(false, {{"", "c", ""}}) == "");
    CHECK(reply_line(true, {{"1", "c", "{1}"}}) == "[{1}]");
    CHECK(reply_line(true, {{"1", "c", "{1}"}, {"", "d", ""}, {"2", "e", "{2}"}}) == "[{1},{2}]");
    CHECK(reply_line(true, {{"", "c", ""}, {"", "d", ""}}) == "");
}

TEST_CASE("a reply that is too long becomes an error, and the short ones beside it stay") {
    const std::string order = gate::reply_text("1", R"({"txid":["O"]})");
    const std::string book = gate::reply_text("2", '"' + std::string(2000, 'x') + '"');
    const std::string fills = gate::reply_text("3", '"' + std::string(1500, 'x') + '"');
    const std::size_t all = order.size() + book.size() + fills.size() + 4;
    const auto line_of = [&](std::size_t most) {
        return gate::reply_line(true, {{"1", "c", order}, {"2", "d", book}, {"3", "e", fills}}, most);
    };
    CHECK(line_of(all) == "[" + order + "," + book + "," + fills + "]");
    for (const std::size_t most : {all - 1, all - 1000, std::size_t{2500}, std::size_t{1500}}) {
        const std::string line = line_of(most);
        CHECK(line.size() <= most);
        CHECK(line.starts_with("[" + order + R"(,{"jsonrpc":"2.0","id":2,"error":{"code":-32017,)"));
        CHECK(line.contains(R"("executed":"no","retryable":false,"origin":"daemon","call_id":"d")"));
        CHECK(line.contains(fills) == (most > 2000));
        CHECK(line.ends_with("}]"));
    }
    // A single one, too.
    const std::string alone = gate::reply_line(false, {{"2", "d", book}}, book.size() - 1);
    CHECK(alone.starts_with(R"({"jsonrpc":"2.0","id":2,"error":{"code":-32017,)"));
    // Nothing is lost where nothing can be gained.
    CHECK(gate::reply_line(true, {{"1", "c", order}}, 1) == "[" + order + "]");
}
