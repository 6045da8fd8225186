#include "facade_answer.hpp"

#include "keeper/keeper.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <sodium.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <utility>
#include <vector>

namespace krakken::gate {

using protocol::ErrorCode;
using protocol::Executed;

namespace {

// Kraken's words for what the daemon itself has to say. "EService:Unavailable" is tried again by libraries,
// and is the text for all that was not executed and may go well later.
std::string_view in_krakens_words(ErrorCode code) {
    switch (code) {
        case ErrorCode::rate_limit:
        case ErrorCode::overloaded:
            return "EAPI:Rate limit exceeded";
        case ErrorCode::forbidden:
        case ErrorCode::permission:
            return "EGeneral:Permission denied";
        case ErrorCode::lockout:
            return "EGeneral:Temporary lockout";
        case ErrorCode::auth:
        case ErrorCode::unknown_account:
            return "EAPI:Invalid key";
        case ErrorCode::nonce:
        case ErrorCode::idempotency:
            return "EAPI:Invalid nonce";
        case ErrorCode::unknown_endpoint:
        case ErrorCode::unknown_method:
            return "EGeneral:Unknown method";
        case ErrorCode::invalid_params:
        case ErrorCode::invalid_request:
        case ErrorCode::parse_error:
            return "EGeneral:Invalid arguments";
        case ErrorCode::internal:
            return "EGeneral:Internal error";
        case ErrorCode::funds:
            return "EOrder:Insufficient funds";
        case ErrorCode::order:  // its client has canceled all: it is not to be tried again
            return "EOrder:Invalid order";
        default:
            return "EService:Unavailable";
    }
}

HttpReply errors_reply(const std::vector<std::string>& texts) {
    std::vector<std::string> quoted;
    for (const std::string& text : texts)
        quoted.push_back(protocol::quote(text));
    return {.body = fmt::format(R"({{"error":[{}]}})", fmt::join(quoted, ","))};
}

std::optional<std::string> decoded(std::string_view base64) {
    std::string bytes(base64.size(), '\0');
    std::size_t size = 0;
    const int failed = sodium_base642bin(
        reinterpret_cast<unsigned char*>(bytes.data()),
        bytes.size(),
        base64.data(),
        base64.size(),
        nullptr,
        &size,
        nullptr,
        sodium_base64_VARIANT_ORIGINAL
    );
    if (failed != 0) return std::nullopt;
    bytes.resize(size);
    return bytes;
}

// What kraken/reply.cpp makes of an answer that is no JSON.
std::optional<HttpReply> file_in(const std::string& result) {
    const auto members = protocol::split_object(result, protocol::max_reply_depth);
    if (!members) return std::nullopt;
    const auto* type = protocol::find(*members, "content_type");
    const auto* content = protocol::find(*members, "base64");
    if (!type || !content) return std::nullopt;
    auto bytes = decoded(protocol::decode_string(content->value));
    if (!bytes) return std::nullopt;
    return HttpReply{.content_type = protocol::decode_string(type->value), .body = std::move(*bytes)};
}

}  // namespace

HttpReply facade_result(const protocol::Endpoint& endpoint, const std::string& result) {
    if (endpoint.answers_file)
        if (auto file = file_in(result)) return std::move(*file);
    return {.body = R"({"error":[],"result":)" + result + "}"};
}

HttpReply facade_error(const protocol::Error& error) {
    if (error.executed != Executed::no) return {.status = 504, .close = true};
    if (!error.kraken.empty()) return errors_reply(error.kraken);
    const auto* reason = error.details.if_contains("reason");
    if (error.code == ErrorCode::auth && reason && reason->as_string() == keeper::bad_signature)
        return errors_reply({"EAPI:Invalid signature"});
    return errors_reply({std::string(in_krakens_words(error.code))});
}

}  // namespace krakken::gate
