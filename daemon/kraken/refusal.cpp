#include "kraken/refusal.hpp"

#include "meanings.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace krakken::kraken {

using protocol::Effect;
using protocol::Endpoint;
using protocol::Error;
using protocol::ErrorCode;
using protocol::Executed;
using std::chrono::seconds;

namespace {

const Meaning& gravest_of(const std::vector<std::string>& errors) {
    const Meaning* gravest = &meaning_of(errors.front());
    for (const std::string& error : errors) {
        const Meaning& meaning = meaning_of(error);
        if (rank(meaning) < rank(*gravest)) gravest = &meaning;
    }
    return *gravest;
}

// "EService:Throttled: <unix time>" says until when.
std::optional<seconds> throttled_for(const std::vector<std::string>& errors, base::Time now) {
    for (std::string text : errors) {
        std::erase(text, ' ');
        if (!text.starts_with("EService:Throttled:")) continue;
        std::int64_t until = 0;
        const std::string_view digits = std::string_view(text).substr(text.rfind(':') + 1);
        if (std::from_chars(digits.data(), digits.data() + digits.size(), until).ec != std::errc()) continue;
        const std::int64_t present = std::chrono::floor<seconds>(now).time_since_epoch().count();
        // Whatever the text says: present least a second, and not for ever.
        return seconds(std::clamp(until, present + 1, present + 900) - present);
    }
    return std::nullopt;
}

std::optional<seconds> wait_after(
    const std::vector<std::string>& errors, const Meaning& meaning, const Endpoint& endpoint, base::Time now
) {
    if (const auto named = throttled_for(errors, now)) return named;
    // What is not said by Kraken is for callers that repeat the call themselves; reads and cancels are
    // repeated here, with growing pauses.
    const bool is_callers = acts_once(endpoint) || meaning.code == ErrorCode::lockout;
    return is_callers && meaning.wait > seconds(0) ? std::optional(meaning.wait) : std::nullopt;
}

// What a person fears, answered.
std::string_view nothing_done(Effect effect) {
    switch (effect) {
        case Effect::read:
            return "nothing was read";
        case Effect::cancel:
            return "nothing was canceled";
        case Effect::place:
            return "no order was placed or changed";
        case Effect::fund:
            return "no funds were moved";
        case Effect::token:
        case Effect::other:
            return "nothing was done";
    }
    std::unreachable();
}

std::string_view perhaps_done(Effect effect) {
    switch (effect) {
        case Effect::cancel:
            return "it may have canceled all the same";
        case Effect::place:
            return "the order may have been placed or changed all the same";
        case Effect::fund:
            return "the funds may have been moved all the same";
        default:
            return "it may have been done all the same";
    }
}

std::string permission_remedy(const Endpoint& endpoint) {
    // Kraken also says so where a one-time password is missing.
    constexpr std::string_view otp =
        "if the key has two-factor authentication, check the OTP that was saved with it";
    if (endpoint.permission.empty()) return fmt::format("see the key's permissions at Kraken; {}", otp);
    return fmt::format(
        "tick {} for this key at Kraken; {}", protocol::permission_titles(endpoint.permission), otp
    );
}

std::string_view where_to_look(const Endpoint& endpoint) {
    if (endpoint.name == "AddStrategy") return "call GetOpenStrategies and GetClosedStrategies";
    if (endpoint.name == "AddExport") return "call ExportStatus";
    if (endpoint.name == "DepositAddresses") return "call DepositAddresses without new";
    if (endpoint.name.starts_with("Earn/")) return "call Earn/AllocateStatus or Earn/DeallocateStatus";
    switch (endpoint.effect) {
        case Effect::place:
            return "call OpenOrders and ClosedOrders (by cl_ord_id or userref) or QueryOrders (by txid), "
                   "also a minute later";
        case Effect::fund:
            return "call WithdrawStatus and Ledgers";
        default:
            return "sign in at Kraken";
    }
}

}  // namespace

bool acts_once(const Endpoint& endpoint) {
    return endpoint.effect == Effect::place || endpoint.effect == Effect::fund || !endpoint.repeatable;
}

bool leaves_open(const std::vector<std::string>& errors) {
    return std::ranges::any_of(errors, [](const std::string& error) {
        const Meaning& meaning = meaning_of(error);
        return meaning.fate == Fate::open && meaning.code != ErrorCode::nonce;
    });
}

Exceeded exceeded_limits(const std::vector<std::string>& errors, base::Time now) {
    Exceeded exceeded;
    exceeded.throttled_for = throttled_for(errors, now);
    for (const std::string& error : errors) {
        const Meaning& meaning = meaning_of(error);
        if (meaning.code != ErrorCode::rate_limit || meaning.text.starts_with("EService:")) continue;
        const bool pair = meaning.text == "EOrder:Rate limit exceeded";
        const bool account = meaning.text == "EOrder:Domain rate limit exceeded";
        exceeded.pair |= pair;
        exceeded.account |= account;
        exceeded.calls |= !pair && !account;
    }
    return exceeded;
}

Closed closed_by(const std::vector<std::string>& errors) {
    for (const std::string& error : errors) {
        const std::string_view text = meaning_of(error).text;
        if (text == "EService:Market in post_only mode") return Closed::but_for_post_only;
        // Other modes take orders of other kinds.
        if (text == "EService:Unavailable" || text == "EService:Market in cancel_only mode")
            return Closed::yes;
    }
    return Closed::no;
}

void leave_outcome_open(Error& error, const Endpoint& endpoint) {
    error.code = ErrorCode::outcome_unknown;
    error.executed = Executed::unknown;
    error.retryable = false;
    error.retry_after.reset();
    error.remedy = fmt::format("do not repeat it; look it up first: {}", where_to_look(endpoint));
}

Error classify(std::vector<std::string> errors, const Endpoint& endpoint, base::Time now) {
    const Meaning& meaning = gravest_of(errors);
    const bool open = std::ranges::any_of(errors, [](const std::string& error) {
        return meaning_of(error).fate == Fate::open;
    });
    const bool acts = endpoint.effect != Effect::read && endpoint.effect != Effect::token;
    Error error = protocol::make_error(
        meaning.code,
        fmt::format(
            "{}; {} ({})",
            meaning.sentence,
            open && acts ? perhaps_done(endpoint.effect) : nothing_done(endpoint.effect),
            fmt::join(errors, ", ")
        )
    );
    error.origin = protocol::Origin::kraken;
    error.remedy = meaning.remedy.empty() ? permission_remedy(endpoint) : std::string(meaning.remedy);
    error.retryable = meaning.again == Again::later;
    error.retry_after = wait_after(errors, meaning, endpoint, now);
    if (open && acts_once(endpoint)) leave_outcome_open(error, endpoint);
    error.kraken = std::move(errors);
    return error;
}

}  // namespace krakken::kraken
