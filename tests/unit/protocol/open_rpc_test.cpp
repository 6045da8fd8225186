// protocol/open_rpc: the document says what the tables say, and nothing that is not JSON Schema.

#include "protocol/open_rpc.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <regex>
#include <set>
#include <string>

namespace {

using namespace krakken::protocol;
namespace json = boost::json;

json::object document(SocketKind socket) {
    return json::parse(open_rpc(socket)).as_object();
}

json::object method_of(SocketKind socket, std::string_view name) {
    for (const auto& method : document(socket).at("methods").as_array()) {
        if (method.at("name").as_string() == name) return method.as_object();
    }
    throw std::out_of_range("no such method");
}

// That it is a schema, with keywords that mean something for its type, and needs no look elsewhere.
void check_schema(const json::object& schema) {
    static const std::set<std::string_view> known{
        "type",
        "const",
        "enum",
        "minimum",
        "maximum",
        "pattern",
        "default",
        "format",
        "required",
        "writeOnly",
        "properties",
        "additionalProperties",
        "items",
        "description",
    };
    static const std::set<std::string_view> types{
        "string", "integer", "number", "boolean", "array", "object"
    };
    for (const auto& [name, value] : schema) {
        CAPTURE(std::string(name));
        CHECK(known.contains(name));
    }
    const std::string type(schema.contains("type") ? schema.at("type").as_string() : "");
    CHECK((type.empty() || types.contains(type)));
    if (schema.contains("enum")) CHECK_FALSE(schema.at("enum").as_array().empty());
    if (schema.contains("pattern")) CHECK_NOTHROW(std::regex(std::string(schema.at("pattern").as_string())));
    if (schema.contains("maximum")) CHECK(schema.at("minimum").as_int64() < schema.at("maximum").as_int64());
    if (schema.contains("items")) check_schema(schema.at("items").as_object());
    if (!schema.contains("properties")) return;
    const auto& properties = schema.at("properties").as_object();
    for (const auto& name : schema.at("required").as_array())
        CHECK(properties.contains(name.as_string()));
    for (const auto& [name, property] : properties)
        check_schema(property.as_object());
}

}  // namespace

TEST_CASE("the document names what its socket serves, and nothing else") {
    const auto socket = GENERATE(SocketKind::client, SocketKind::admin);
    const std::string text = open_rpc(socket);
    CHECK_FALSE(text.contains('\n'));
    CHECK_FALSE(text.contains("$ref"));
    const json::object shown = document(socket);
    CHECK(std::regex_match(std::string(shown.at("openrpc").as_string()), std::regex(R"(1\.\d+\.\d+)")));
    CHECK(shown.at("info").at("version") == KRAKKEN_VERSION);
    CHECK_FALSE(shown.at("info").at("title").as_string().empty());
    std::vector<std::string> expected, named;
    for (const auto& method : methods()) {
        if (is_served(method, socket)) expected.emplace_back(method.name);
    }
    for (const auto& method : shown.at("methods").as_array())
        named.emplace_back(method.at("name").as_string());
    CHECK(named == expected);
}

TEST_CASE("every method is described in full") {
    const auto socket = GENERATE(SocketKind::client, SocketKind::admin);
    for (const auto& shown : document(socket).at("methods").as_array()) {
        const auto& method = shown.as_object();
        CAPTURE(std::string(method.at("name").as_string()));
        CHECK(method.at("paramStructure") == "by-name");
        CHECK_FALSE(method.at("summary").as_string().empty());
        std::set<std::string> names;
        for (const auto& parameter : method.at("params").as_array()) {
            CHECK(names.emplace(parameter.at("name").as_string()).second);
            CHECK_FALSE(parameter.at("description").as_string().empty());
            CHECK(parameter.at("required").is_bool());
            CHECK(parameter.at("schema").as_object().contains("type"));
            check_schema(parameter.at("schema").as_object());
        }
        CHECK_FALSE(method.at("result").at("name").as_string().empty());
        check_schema(method.at("result").at("schema").as_object());
    }
}

TEST_CASE("a parameter's limits are those that arguments are held to") {
    const auto parameters = method_of(SocketKind::client, "call").at("params").as_array();
    std::set<std::string> names;
    for (const auto& parameter : parameters)
        names.emplace(parameter.at("name").as_string());
    // What is refused for now is not offered.
    CHECK(
        names ==
        std::set<std::string>{"endpoint", "account", "params", "timeout_ms", "max_wait_ms", "idempotency_key"}
    );
    CHECK(
        (parameters.at(3).at("schema") ==
         json::parse(R"({"type":"integer","minimum":1,"maximum":120000,"default":30000})"))
    );
    CHECK(
        (method_of(SocketKind::client, "wait").at("params").at(0).at("schema") ==
         json::parse(R"({"type":"string","enum":["unlocked","ready"]})"))
    );
    const auto added = method_of(SocketKind::admin, "account.add").at("params").as_array();
    CHECK((added.at(0).at("schema").at("pattern") == "^[a-z0-9_-]{1,64}$"));
    CHECK((added.at(1).at("schema") == json::parse(R"({"type":"string","writeOnly":true})")));
    CHECK(added.at(1).at("required") == true);
    CHECK(added.at(3).at("required") == false);
}

TEST_CASE("errors come from the one table, each once") {
    const auto socket = GENERATE(SocketKind::client, SocketKind::admin);
    for (const auto& method : document(socket).at("methods").as_array()) {
        CAPTURE(std::string(method.at("name").as_string()));
        std::set<std::int64_t> codes;
        for (const auto& error : method.at("errors").as_array()) {
            const auto code = static_cast<ErrorCode>(error.at("code").as_int64());
            CHECK(codes.insert(error.at("code").as_int64()).second);
            CHECK(std::string_view(error.at("data").at("category").as_string()) == category(code));
            CHECK_FALSE(error.at("message").as_string().empty());
        }
        CHECK(codes.contains(-32602));
    }
}

TEST_CASE("an order may fail in every way that a call can") {
    std::set<int> of_call;
    for (const auto& error : method_of(SocketKind::client, "call").at("errors").as_array())
        of_call.insert(static_cast<int>(error.at("code").as_int64()));
    for (const ErrorKind& kind : error_kinds()) {
        // These two are of the vault.
        const bool never = kind.code == ErrorCode::passphrase || kind.code == ErrorCode::vault;
        CAPTURE(kind.category);
        CHECK(of_call.contains(static_cast<int>(kind.code)) != never);
    }
}
