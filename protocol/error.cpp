#include "protocol/error.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace krakken::protocol {

Error Error::with(std::string_view name, boost::json::value value) && {
    details[name] = std::move(value);
    return std::move(*this);
}

Error Error::with_remedy(std::string text) && {
    remedy = std::move(text);
    return std::move(*this);
}

Error make_error(ErrorCode code, std::string message) {
    Error error;
    error.code = code;
    error.message = std::move(message);
    return error;
}

std::unexpected<Error> fail(ErrorCode code, std::string message) {
    return std::unexpected(make_error(code, std::move(message)));
}

Error stopping_error() {
    Error error = make_error(ErrorCode::stopping, "the daemon is stopping; nothing was sent");
    error.retryable = true;
    return error;
}

Error locked_error(bool vault_exists) {
    if (!vault_exists) {
        return make_error(ErrorCode::locked, "there is no vault yet")
            .with("state", "uninitialized")
            .with_remedy("run: krakkenctl setup");
    }
    return make_error(ErrorCode::locked, "the vault is locked")
        .with("state", "locked")
        .with_remedy("run: krakkenctl unlock");
}

Error wiped_error() {
    return make_error(
               ErrorCode::locked, "the account's key came with the environment and was wiped by a lock"
    )
        .with("state", "locked")
        .with_remedy("restart krakkend with its environment");
}

std::string_view category(ErrorCode code) {
    switch (code) {
        case ErrorCode::parse_error:
        case ErrorCode::invalid_request:
        case ErrorCode::unknown_method:
        case ErrorCode::invalid_params:
        case ErrorCode::internal:
            return "protocol";
        case ErrorCode::locked:
            return "locked";
        case ErrorCode::no_credentials:
            return "no_credentials";
        case ErrorCode::forbidden:
            return "forbidden";
        case ErrorCode::unknown_account:
            return "unknown_account";
        case ErrorCode::unknown_endpoint:
            return "unknown_endpoint";
        case ErrorCode::passphrase:
            return "passphrase";
        case ErrorCode::vault:
            return "vault";
        case ErrorCode::auth:
            return "auth";
        case ErrorCode::permission:
            return "permission";
        case ErrorCode::nonce:
            return "nonce";
        case ErrorCode::rate_limit:
            return "rate_limit";
        case ErrorCode::funds:
            return "funds";
        case ErrorCode::order:
            return "order";
        case ErrorCode::service:
            return "service";
        case ErrorCode::network:
            return "network";
        case ErrorCode::timeout:
            return "timeout";
        case ErrorCode::outcome_unknown:
            return "outcome_unknown";
        case ErrorCode::overloaded:
            return "overloaded";
        case ErrorCode::lockout:
            return "lockout";
        case ErrorCode::idempotency:
            return "idempotency";
        case ErrorCode::storage:
            return "storage";
        case ErrorCode::stopping:
            return "stopping";
    }
    std::unreachable();
}

namespace {

std::string_view text(Executed executed) {
    switch (executed) {
        case Executed::no:
            return "no";
        case Executed::yes:
            return "yes";
        case Executed::unknown:
            return "unknown";
    }
    std::unreachable();
}

}  // namespace

std::string to_json(const Error& error) {
    boost::json::object data;
    data["category"] = category(error.code);
    data["executed"] = text(error.executed);
    data["retryable"] = error.retryable && error.executed == Executed::no;
    data["origin"] = error.origin == Origin::kraken ? "kraken" : "daemon";
    if (!error.call_id.empty()) data["call_id"] = error.call_id;
    if (!error.kraken.empty()) data["kraken"] = boost::json::array(error.kraken.begin(), error.kraken.end());
    if (!error.remedy.empty()) data["remedy"] = error.remedy;
    if (!error.account.empty()) data["account"] = error.account;
    if (error.retry_after) data["retry_after_ms"] = error.retry_after->count();
    for (const auto& [name, value] : error.details)
        data[name] = value;

    boost::json::object object;
    object["code"] = static_cast<int>(error.code);
    object["message"] = error.message;
    object["data"] = std::move(data);
    return boost::json::serialize(object);
}

}  // namespace krakken::protocol
