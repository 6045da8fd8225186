#include "protocol/error.hpp"

#include <algorithm>
#include <array>
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

namespace {

using enum ErrorCode;

constexpr auto kinds = std::to_array<ErrorKind>({
    {parse_error, "protocol", "the line is not JSON, not UTF-8, too long or too deep"},
    {invalid_request, "protocol", "the line is JSON, but not a JSON-RPC 2.0 request"},
    {unknown_method, "protocol", "this socket serves no such method"},
    {invalid_params, "protocol", "a parameter is missing, unknown, given twice or not what it must be"},
    {internal, "protocol", "a bug of krakkend's; its log has it under the call_id"},
    {locked, "locked", "a secret is needed and none is open; data.state says why"},
    {no_credentials, "no_credentials", "no account is there yet"},
    {forbidden, "forbidden", "not allowed here; data.rule says which rule"},
    {unknown_account,
     "unknown_account",
     "no such account, or none named and none implied; data.accounts has them"},
    {unknown_endpoint, "unknown_endpoint", "Kraken has no such endpoint"},
    {passphrase, "passphrase", "wrong passphrase, or a damaged vault"},
    {vault, "vault", "the vault file cannot be used; data.reason says why"},
    {auth, "auth", "Kraken: invalid key or signature"},
    {permission, "permission", "Kraken: the key lacks a permission, which the remedy names"},
    {nonce, "nonce", "Kraken refused the nonce, and the daemon could not recover"},
    {rate_limit, "rate_limit", "too many calls, refused here or by Kraken"},
    {funds, "funds", "Kraken: insufficient funds or margin"},
    {order, "order", "Kraken refused the order or an argument"},
    {service, "service", "Kraken is busy, down or under maintenance"},
    {network, "network", "not sent, or no usable answer to a read"},
    {timeout, "timeout", "not sent, or not so, before the deadline"},
    {outcome_unknown, "outcome_unknown", "it was sent and its fate is not known: look it up, do not repeat it"
    },
    {overloaded, "overloaded", "too much waits already"},
    {lockout, "lockout", "Kraken's temporary lockout; nothing is sent until data.until"},
    {idempotency, "idempotency", "the same key came with other arguments"},
    {storage, "storage", "durable state cannot be written; nothing was sent"},
    {stopping, "stopping", "the daemon is being stopped"},
});

}  // namespace

std::span<const ErrorKind> error_kinds() {
    return kinds;
}

const ErrorKind& kind_of(ErrorCode code) {
    return *std::ranges::find(kinds, code, &ErrorKind::code);
}

std::string_view category(ErrorCode code) {
    return kind_of(code).category;
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
