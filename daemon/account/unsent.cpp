#include "account/unsent.hpp"

#include <utility>

namespace krakken::account {

using protocol::Error;
using protocol::ErrorCode;

Unsent not_in_time() {
    Error error = protocol::make_error(ErrorCode::timeout, "the call was not sent before its deadline");
    error.retryable = true;
    return Unsent(std::move(error));
}

Unsent too_many_waiting() {
    Error error = protocol::make_error(
        ErrorCode::overloaded, "the call was not sent: too many calls wait for this account"
    );
    error.retryable = true;
    return Unsent(std::move(error));
}

Unsent no_room(std::chrono::microseconds wait) {
    Error error = protocol::make_error(
        ErrorCode::rate_limit, "the call was not sent: it would exceed Kraken's rate limit now"
    );
    error.retryable = true;
    error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(wait);
    error.remedy = "wait as long as retry_after_ms says, give a longer max_wait_ms, or call less often";
    return Unsent(std::move(error));
}

Unsent market_closed(std::chrono::microseconds wait) {
    Error error = protocol::make_error(
        ErrorCode::service, "the order was not sent: Kraken has just said that its market takes none now"
    );
    error.retryable = true;
    error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(wait);
    error.remedy = "cancels go through; see SystemStatus and status.kraken.com";
    return Unsent(std::move(error));
}

Unsent acted_since() {
    return protocol::fail(
        ErrorCode::network, "the call was not sent again: a later call of this account has acted since"
    );
}

Unsent cancelled_all() {
    return protocol::fail(
        ErrorCode::order, "the order was not sent: a CancelAll of the same client overtook it"
    );
}

}  // namespace krakken::account
