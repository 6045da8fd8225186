#include "protocol/open_rpc.hpp"

#include "protocol/version.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace krakken::protocol {

namespace json = boost::json;

namespace {

std::string_view name_of(ParameterType type) {
    switch (type) {
        case ParameterType::string:
            return "string";
        case ParameterType::integer:
            return "integer";
        case ParameterType::boolean:
            return "boolean";
        case ParameterType::object:
            return "object";
    }
    std::unreachable();
}

json::object schema_of(const Parameter& parameter) {
    json::object schema{{"type", name_of(parameter.type)}};
    if (!parameter.choices.empty())
        schema["enum"] = json::array(parameter.choices.begin(), parameter.choices.end());
    if (parameter.type == ParameterType::integer) {
        schema["minimum"] = parameter.least;
        schema["maximum"] = parameter.most;
    }
    if (!parameter.pattern.empty()) schema["pattern"] = parameter.pattern;
    if (!parameter.otherwise.empty()) schema["default"] = json::parse(parameter.otherwise);
    if (parameter.secret) schema["writeOnly"] = true;
    return schema;
}

json::array parameters_of(const Method& method) {
    json::array shown;
    for (const Parameter& parameter : method.parameters) {
        shown.push_back(json::object{
            {"name", parameter.name},
            {"description", parameter.summary},
            {"required", parameter.required},
            {"schema", schema_of(parameter)},
        });
    }
    return shown;
}

json::array errors_of(const Method& method) {
    json::array shown;
    for (const auto codes : {common_errors(), method.errors}) {
        for (const ErrorCode code : codes) {
            const ErrorKind& kind = kind_of(code);
            shown.push_back(json::object{
                {"code", static_cast<int>(code)},
                {"message", kind.when},
                {"data", {{"category", kind.category}}},
            });
        }
    }
    return shown;
}

json::object describe(const Method& method) {
    return {
        {"name", method.name},
        {"summary", method.summary},
        {"paramStructure", "by-name"},
        {"params", parameters_of(method)},
        {"result", {{"name", "result"}, {"schema", method.result()}}},
        {"errors", errors_of(method)},
    };
}

}  // namespace

std::string open_rpc(SocketKind socket) {
    json::array served;
    for (const Method& method : methods()) {
        if (is_served(method, socket)) served.push_back(describe(method));
    }
    const bool client = socket == SocketKind::client;
    return json::serialize(json::object{
        {"openrpc", "1.2.6"},
        {"info",
         {{"title", client ? "krakkend, client socket" : "krakkend, admin socket"},
          {"description", "JSON-RPC 2.0 over a Unix socket, one message per line, parameters by name only."},
          {"version", version}}},
        {"methods", std::move(served)},
    });
}

}  // namespace krakken::protocol
