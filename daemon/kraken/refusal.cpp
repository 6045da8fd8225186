#include "kraken/refusal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace krakken::kraken {

using protocol::Effect;
using protocol::Error;
using protocol::ErrorCode;
using protocol::Executed;

namespace {

// Does the text leave open whether the action happened?
enum class Fate { refused, open };
// Is the same request worth sending again later?
enum class Again { never, later };

struct Meaning {
    std::string_view prefix;  // with blanks removed: Kraken's spacing varies
    ErrorCode code;
    Fate fate;
    Again again;
    std::string_view sentence;
    std::string_view remedy;
};

// Gravest first: where an answer holds several errors, the earliest row speaks for all.
constexpr auto meanings = std::to_array<Meaning>({
    {"EGeneral:Temporarylockout",
     ErrorCode::lockout,
     Fate::refused,
     Again::later,
     "Kraken has locked this address out for a while",
     "wait; calls made meanwhile prolong it"},
    {"EGeneral:Internalerror",
     ErrorCode::service,
     Fate::open,
     Again::later,
     "Kraken had an internal error",
     ""},
    {"EGeneral:Timeout", ErrorCode::service, Fate::open, Again::later, "Kraken timed out", ""},
    {"EDatabase:Internalerror",
     ErrorCode::service,
     Fate::open,
     Again::later,
     "Kraken had an internal error",
     ""},
    {"EService:Deadlineelapsed",
     ErrorCode::service,
     Fate::open,
     Again::later,
     "the order's deadline passed at Kraken",
     ""},
    {"EService:Unavailable",
     ErrorCode::service,
     Fate::open,
     Again::later,
     "Kraken is unavailable",
     "see status.kraken.com"},
    {"EService:Busy", ErrorCode::service, Fate::open, Again::later, "Kraken is busy", ""},
    {"EService:Throttled",
     ErrorCode::rate_limit,
     Fate::refused,
     Again::later,
     "Kraken throttles: too many calls at once",
     ""},
    {"EService:Market",
     ErrorCode::service,
     Fate::refused,
     Again::later,
     "Kraken's market does not accept this now",
     "see status.kraken.com"},
    {"EService:", ErrorCode::service, Fate::open, Again::later, "Kraken's service has trouble", ""},

    {"EAPI:Invalidkey",
     ErrorCode::auth,
     Fate::refused,
     Again::never,
     "Kraken does not know this API key",
     "check that the key was not deleted at Kraken and was copied in full, then add it again"},
    {"EAPI:Invalidsignature",
     ErrorCode::auth,
     Fate::refused,
     Again::never,
     "Kraken refused the signature",
     "check that the API secret belongs to this key (and the OTP, if the key has one), then add it again"},
    {"EAPI:Invalidnonce",
     ErrorCode::nonce,
     Fate::open,
     Again::never,
     "Kraken refused the nonce",
     "make sure that no other program uses this API key, or make a new key for krakkend alone"},
    {"EAPI:Ratelimitexceeded",
     ErrorCode::rate_limit,
     Fate::refused,
     Again::later,
     "Kraken's call rate limit is exceeded",
     ""},
    {"EOrder:Ratelimitexceeded",
     ErrorCode::rate_limit,
     Fate::refused,
     Again::later,
     "Kraken's order rate limit for this pair is exceeded",
     ""},
    {"EOrder:Domainratelimitexceeded",
     ErrorCode::rate_limit,
     Fate::refused,
     Again::later,
     "Kraken's order rate limit for the whole account is exceeded",
     ""},
    {"EGeneral:Toomanyrequests",
     ErrorCode::rate_limit,
     Fate::refused,
     Again::later,
     "Kraken says: too many requests",
     ""},
    {"EAuth:Ratelimitexceeded",
     ErrorCode::rate_limit,
     Fate::refused,
     Again::later,
     "Kraken says: too many attempts",
     ""},
    {"EAuth:Toomanyrequests",
     ErrorCode::rate_limit,
     Fate::refused,
     Again::later,
     "Kraken says: too many attempts",
     ""},
    {"EGeneral:Permissiondenied",
     ErrorCode::permission,
     Fate::refused,
     Again::never,
     "the API key lacks a permission",
     ""},
    {"EAPI:Permissiondenied",
     ErrorCode::permission,
     Fate::refused,
     Again::never,
     "the API key lacks a permission",
     ""},
    {"EAccount:Invalidpermissions",
     ErrorCode::permission,
     Fate::refused,
     Again::never,
     "this Kraken account may not do that (region or product)",
     "see the account's verification and region at Kraken"},
    {"EAuth:",
     ErrorCode::auth,
     Fate::refused,
     Again::never,
     "Kraken refused the account",
     "sign in at Kraken and see what it asks for"},
    {"EAPI:Featuredisabled",
     ErrorCode::service,
     Fate::refused,
     Again::never,
     "Kraken has switched this off",
     ""},

    {"EOrder:Insufficientfunds", ErrorCode::funds, Fate::refused, Again::never, "insufficient funds", ""},
    {"EOrder:Insufficientmargin", ErrorCode::funds, Fate::refused, Again::never, "insufficient margin", ""},
    {"EOrder:Marginallowanceexceeded",
     ErrorCode::funds,
     Fate::refused,
     Again::never,
     "the margin allowance is exceeded",
     ""},
    {"EOrder:Marginleveltoolow",
     ErrorCode::funds,
     Fate::refused,
     Again::never,
     "the margin level is too low",
     ""},
    {"EEarnings:Insufficientfunds", ErrorCode::funds, Fate::refused, Again::never, "insufficient funds", ""},
    {"EFunding:Insufficientfunds", ErrorCode::funds, Fate::refused, Again::never, "insufficient funds", ""},
    {"EOrder:Reduceonly:Positionisclosed",
     ErrorCode::order,
     Fate::open,
     Again::never,
     "the reduce-only order met a closed position",
     ""},
    {"EOrder:", ErrorCode::order, Fate::refused, Again::never, "Kraken refused the order", ""},
    {"ETrade:", ErrorCode::order, Fate::refused, Again::never, "Kraken refused the trade", ""},
    {"EQuery:", ErrorCode::order, Fate::refused, Again::never, "Kraken does not know what was asked for", ""},
    {"EFunding:", ErrorCode::order, Fate::refused, Again::never, "Kraken refused the funding request", ""},
    {"EEarnings:Busy", ErrorCode::service, Fate::refused, Again::later, "Kraken Earn is busy", ""},
    {"EEarnings:", ErrorCode::order, Fate::refused, Again::never, "Kraken Earn refused the request", ""},
    {"EBM:limitexceeded", ErrorCode::order, Fate::refused, Again::never, "a legal buying limit is reached", ""
    },
    {"EGeneral:Invalidarguments",
     ErrorCode::order,
     Fate::refused,
     Again::never,
     "Kraken refused an argument",
     ""},
    {"EGeneral:Unknownmethod",
     ErrorCode::order,
     Fate::refused,
     Again::never,
     "Kraken does not know this method",
     ""},
    {"EGeneral:InvalidUser:", ErrorCode::order, Fate::refused, Again::never, "Kraken refused the user", ""},
    {"EGeneral:", ErrorCode::service, Fate::open, Again::never, "Kraken answered with a general error", ""},
    {"EAPI:", ErrorCode::order, Fate::refused, Again::never, "Kraken refused the request", ""},
    {"ESession:", ErrorCode::order, Fate::refused, Again::never, "Kraken refused the session", ""},
});

// Refusals that Kraken writes without a category, known by a part of their text.
constexpr auto bare_refusals = std::to_array<std::string_view>(
    {"price(s)notfound",
     "Symbol(s)notfound",
     "Invalidtimeoutargument",
     "Unsupportedfield:",
     "Currencypairnotsupported"}
);
constexpr Meaning bare_refusal{
    "", ErrorCode::order, Fate::refused, Again::never, "Kraken refused the request", ""
};

// A text of no known form: nothing is known of what it means for a placement.
constexpr Meaning unknown{
    "", ErrorCode::order, Fate::open, Again::never, "Kraken answered with an unknown error", ""
};

std::string without_blanks(std::string_view text) {
    std::string result(text);
    std::erase(result, ' ');
    return result;
}

const Meaning& meaning_of(std::string_view error) {
    const std::string text = without_blanks(error);
    const auto row = std::ranges::find_if(meanings, [&text](const Meaning& meaning) {
        return text.starts_with(meaning.prefix);
    });
    if (row != meanings.end()) return *row;
    const bool refused =
        std::ranges::any_of(bare_refusals, [&text](std::string_view part) { return text.contains(part); });
    return refused ? bare_refusal : unknown;
}

// Its place in the table; texts that do not stand there say least of what is wrong.
std::size_t rank(const Meaning& meaning) {
    const auto row = std::ranges::find(meanings, &meaning, [](const Meaning& each) { return &each; });
    return static_cast<std::size_t>(row - meanings.begin());
}

const Meaning& gravest_of(const std::vector<std::string>& errors) {
    const Meaning* gravest = &meaning_of(errors.front());
    for (const std::string& error : errors) {
        const Meaning& meaning = meaning_of(error);
        if (rank(meaning) < rank(*gravest)) gravest = &meaning;
    }
    return *gravest;
}

// "EService:Throttled: <unix time>" says until when.
std::optional<std::chrono::milliseconds> throttled_for(
    const std::vector<std::string>& errors, base::Time now
) {
    constexpr std::string_view prefix = "EService:Throttled:";
    for (const std::string& error : errors) {
        const std::string text = without_blanks(error);
        if (!text.starts_with(prefix)) continue;
        std::int64_t until = 0;
        const std::string_view digits = std::string_view(text).substr(prefix.size());
        if (std::from_chars(digits.data(), digits.data() + digits.size(), until).ec != std::errc()) continue;
        const std::int64_t earliest =
            std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count() + 1;
        // Whatever the text says: seconds and not for ever.
        return std::chrono::seconds(1 + std::clamp(until, earliest, earliest + 899) - earliest);
    }
    return std::nullopt;
}

}  // namespace

void leave_outcome_open(Error& error) {
    error.code = ErrorCode::outcome_unknown;
    error.executed = Executed::unknown;
    error.retryable = false;
    error.remedy = "do not repeat it; look it up at Kraken (open orders, closed orders, trades) first";
}

bool acts_once(const protocol::Endpoint& endpoint) {
    return endpoint.effect == Effect::place || endpoint.effect == Effect::fund || !endpoint.repeatable;
}

Error classify(std::vector<std::string> errors, const protocol::Endpoint& endpoint, base::Time now) {
    const Meaning& meaning = gravest_of(errors);
    const bool open = std::ranges::any_of(errors, [](const std::string& error) {
        return meaning_of(error).fate == Fate::open;
    });
    Error error =
        protocol::make_error(meaning.code, fmt::format("{} ({})", meaning.sentence, fmt::join(errors, ", ")));
    error.origin = protocol::Origin::kraken;
    error.remedy = meaning.remedy;
    error.retryable = meaning.again == Again::later;
    error.retry_after = throttled_for(errors, now);
    if (meaning.code == ErrorCode::permission && error.remedy.empty() && !endpoint.permission.empty()) {
        error.remedy = "tick " + protocol::permission_titles(endpoint.permission) + " for this key at Kraken";
    }
    if (open && acts_once(endpoint)) leave_outcome_open(error);
    error.kraken = std::move(errors);
    return error;
}

}  // namespace krakken::kraken
