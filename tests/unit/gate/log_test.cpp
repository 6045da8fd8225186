// What the gate logs: every error under its call_id, what was not executed, and nothing that a client wrote.

#include "base/log.hpp"
#include "scene.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::SocketKind;
using test::Keys;
using test::Scene;

// Collects the events while it lives.
struct Log {
    Log() {
        base::set_log_sink([this](base::LogLevel level, std::string_view event, auto fields) {
            std::string line(event);
            for (const auto& field : fields)
                line += ' ' + std::string(field.name) + '=' + field.value;
            all += line + '\n';
            if (level >= base::LogLevel::info) lines.push_back(line);
        });
    }
    ~Log() { base::set_log_sink(nullptr); }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    // How many lines of the usual level have this text.
    auto count(std::string_view text) const {
        return std::ranges::count_if(lines, [&](const auto& line) { return line.contains(text); });
    }

    std::string all;
    std::vector<std::string> lines;
};

std::string call_id(const std::string& reply) {
    return std::string(boost::json::parse(reply).at("error").at("data").at("call_id").as_string());
}

}  // namespace

TEST_CASE("every error stands in the log once, under its call_id, without what the client wrote") {
    const auto [socket, line, event] = GENERATE(table<SocketKind, std::string, std::string>({
        {SocketKind::client, R"({"hunter2)", "request.refused"},
        {SocketKind::client, R"("hunter2")", "request.refused"},
        {SocketKind::client, R"({"jsonrpc":"2.0","id":"hunter2","method":"hunter2"})", "request.refused"},
        {SocketKind::client,
         R"({"jsonrpc":"2.0","id":1,"method":"unlock","params":{"passphrase":"hunter2"}})",
         "request.refused"},
        {SocketKind::client,
         R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"hunter2":1}})",
         "request.refused"},
        {SocketKind::client,
         R"({"jsonrpc":"2.0","id":1,"method":"wait","params":{"for":"hunter2"}})",
         "request.refused"},
        {SocketKind::client,
         R"({"jsonrpc":"2.0","id":1,"method":"wait","params":{"for":"ready","account":"hunter2"}})",
         "request.refused"},
        {SocketKind::client,
         R"({"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"hunter2"}})",
         "request.refused"},
        {SocketKind::client,
         R"({"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"AddOrder","params":{"pair":"hunter2"}}})",
         "call.done"},
        {SocketKind::admin,
         R"({"jsonrpc":"2.0","id":1,"method":"unlock","params":{"passphrase":"hunter2"}})",
         "request.refused"},
        {SocketKind::admin,
         R"({"jsonrpc":"2.0","id":1,"method":"account.add","params":{"name":"hunter2","api_key":"hunter2","api_secret":"hunter2","tier":"hunter2"}})",
         "request.refused"},
    }));
    CAPTURE(line);
    Scene scene(Keys::unlocked, socket);
    scene.upstream.otherwise = [](const net::Request&) { return test::refusal("EOrder:Insufficient funds"); };
    const Log log;
    scene.write(line + '\n');
    const auto replies = scene.replies();
    REQUIRE(replies.size() == 1);
    CHECK(log.count("request.refused") + log.count("call.done") == 1);
    CHECK(log.count(event + " call_id=" + call_id(replies[0])) == 1);
    CHECK_FALSE(log.all.contains("hunter2"));
    // Nor does an error repeat it; the id alone comes back.
    CHECK_FALSE(replies[0].substr(replies[0].find("error")).contains("hunter2"));
}

TEST_CASE("what is not executed is logged by its method alone") {
    Scene client(Keys::unlocked);
    Scene admin(Keys::unlocked, SocketKind::admin);
    const Log log;
    client.request("", "call", R"({"endpoint":"AddOrder","params":{"pair":"hunter2"}})");
    admin.request("", "unlock", R"({"passphrase":"hunter2"})");
    admin.write(R"([{"jsonrpc":"2.0","method":"lock"}])"
                "\n");
    for (const char* method : {"call", "unlock", "lock"})
        CHECK(log.count("method=" + std::string(method)) == 1);
    CHECK(log.count("notification.not_executed call_id=") == 3);
    // A notification in error is answered by nobody, so the log is the only place that tells.
    client.request("", "nothing");
    CHECK(log.count("request.refused") == 1);
    CHECK_FALSE(log.all.contains("hunter2"));
}
