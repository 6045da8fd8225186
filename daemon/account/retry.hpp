#pragma once

// What follows from one attempt of a call: the answer, an error, or another attempt. Sans-io.
//
// Nothing that may have placed an order or moved money is ever sent again; reads and cancels are, with
// backoff. A refused nonce is tried once more with a fresh one, because a late copy of an older call may have
// been in the way; twice means another user of the key.

#include "base/types.hpp"
#include "kraken/api.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"

#include <chrono>
#include <string>
#include <variant>

namespace krakken::account {

struct RetrySettings {
    unsigned max_attempts = 4;
    std::chrono::milliseconds base_delay{500};
    std::chrono::milliseconds max_delay{8000};
};

class Retry {
public:
    struct Done {
        std::string result;  // Kraken's, one line of JSON
        std::vector<std::string> warnings;
    };
    struct Again {
        std::chrono::milliseconds pause;
        protocol::Error error;  // for the caller, should there be no time left for another attempt
    };
    struct GiveUp {
        protocol::Error error;
    };
    using Verdict = std::variant<Done, Again, GiveUp>;

    Retry(const protocol::Endpoint& endpoint, RetrySettings settings)
        : endpoint_(endpoint), settings_(settings) {}

    // `jitter` in [0, 1) spreads the pauses of many callers; `now` is for texts that name a time.
    Verdict on(kraken::Attempt attempt, double jitter, base::Time now);

private:
    Verdict judge(kraken::Attempt attempt, double jitter, base::Time now);
    static void leave_in_doubt(Verdict& verdict, bool earlier_in_doubt);
    Verdict on_refusal(kraken::Answer answer, double jitter, base::Time now);
    Verdict on_no_answer(const kraken::Attempt& attempt, double jitter);
    Verdict again_or_give_up(protocol::Error error, double jitter) const;

    const protocol::Endpoint& endpoint_;
    RetrySettings settings_;
    unsigned attempts_ = 0;
    bool nonce_refused_ = false;
    bool in_doubt_ = false;  // a copy that does more than read was sent and got no answer
};

}  // namespace krakken::account
