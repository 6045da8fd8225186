#pragma once

// The one error value that every room passes on and every client receives: code, sentence and data of the
// contract. Nothing in it may come from a secret. Values only; any thread.

#include <boost/json/object.hpp>
#include <chrono>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::protocol {

enum class ErrorCode : int {
    parse_error = -32700,      // not JSON, not UTF-8, too long or too deep
    invalid_request = -32600,  // JSON, but not a JSON-RPC 2.0 request
    unknown_method = -32601,   // or a method of the other socket
    invalid_params = -32602,
    internal = -32603,  // a bug of ours; the log has the details under the call id
    locked = -32001,    // a secret is needed and none is open
    no_credentials = -32002,
    forbidden = -32003,
    unknown_account = -32004,
    unknown_endpoint = -32005,
    passphrase = -32006,  // wrong passphrase or damaged vault: the two cannot be told apart
    vault = -32007,       // details["reason"] says what is wrong with the file
    auth = -32010,        // Kraken: invalid key or signature
    permission = -32011,
    nonce = -32012,
    rate_limit = -32013,
    funds = -32014,
    order = -32015,
    service = -32016,
    network = -32017,          // not sent, or no usable answer to a read
    timeout = -32018,          // not sent before the deadline
    outcome_unknown = -32019,  // a placement or movement of funds was sent and its fate is not known
    overloaded = -32020,
    lockout = -32021,
    idempotency = -32022,
    storage = -32023,  // durable state cannot be written; nothing was sent
    stopping = -32024,
};

// May the requested action have happened at Kraken?
enum class Executed { no, yes, unknown };

// Who said no.
enum class Origin { daemon, kraken };

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;  // one sentence for a person, to stand in another: no capital letter, no full stop
    Executed executed = Executed::no;
    bool retryable = false;  // the same request may succeed later; only ever true where executed is no
    Origin origin = Origin::daemon;
    std::vector<std::string> kraken;  // Kraken's own error strings, verbatim
    std::string remedy;               // what a person can do about it, written like message
    std::string account;
    std::string call_id;  // the name of this call in log and audit
    std::optional<std::chrono::milliseconds> retry_after;
    boost::json::object
        details;  // further members of data: "reason", "rule", "state", "accounts", "until", ...

    // With one more member of data, for building an error in one expression.
    Error with(std::string_view name, boost::json::value value) &&;
    Error with_remedy(std::string text) &&;
};

template <class T>
using Result = std::expected<T, Error>;

Error make_error(ErrorCode code, std::string message);
// For returning from a function whose result is a Result<T>.
std::unexpected<Error> fail(ErrorCode code, std::string message);

// A call that the daemon does not send any more, because it is being stopped.
Error stopping_error();

// A secret is needed and none is open: the vault is locked, or there is none yet.
Error locked_error(bool vault_exists);
// The account's secret came with the daemon's environment and was wiped by a lock: nothing but a restart
// brings it back.
Error wiped_error();

// The one table of errors: what each code is called and when it comes.
struct ErrorKind {
    ErrorCode code;
    std::string_view category;  // e.g. "rate_limit"
    std::string_view when;      // one line for a person
};

std::span<const ErrorKind> error_kinds();
const ErrorKind& kind_of(ErrorCode code);
std::string_view category(ErrorCode code);

// The error object of a JSON-RPC reply, one line.
std::string to_json(const Error& error);

}  // namespace krakken::protocol
