#include "meanings.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace krakken::kraken {

namespace {

using namespace std::chrono_literals;
using enum protocol::ErrorCode;
using protocol::ErrorCode;
using std::chrono::seconds;
using Text = std::string_view;

// Nothing was executed, and the same request will be refused again.
constexpr Meaning refused(Text text, ErrorCode code, Text sentence, Text remedy) {
    return {text, code, Fate::refused, Again::never, sentence, remedy, 0s};
}

// Nothing was executed; later it may be.
constexpr Meaning later(Text text, ErrorCode code, Text sentence, Text remedy, seconds wait = 0s) {
    return {text, code, Fate::refused, Again::later, sentence, remedy, wait};
}

// Nobody knows whether it was executed.
constexpr Meaning open(Text text, ErrorCode code, Again again, Text sentence, Text remedy) {
    return {text, code, Fate::open, again, sentence, remedy, 0s};
}

// The counter of calls falls by 1/3 (starter), 1/2 (intermediate) or 1 (pro) a second, and a call costs 1
// or 2.
constexpr auto counter_decay = 6s;
constexpr auto lockout_time = 15min;

constexpr Text status_page = "wait and see status.kraken.com";
constexpr Text show_pair = "run: krakkenctl call AssetPairs pair=PAIR";
constexpr Text slow_down =
    "wait some seconds and call less often: the counter falls by 0.33 (starter), 0.5 (intermediate) or 1 "
    "(pro) a second";
constexpr Text slow_orders =
    "wait some seconds; changing or canceling orders younger than 5 minutes costs most";
constexpr Text margin_eligible = "see at Kraken whether this account may trade this pair on margin";
constexpr Text close_something = "cancel or close something first";
constexpr Text to_support = "sign in at Kraken and see what it asks for, or ask its support";
constexpr Text look_up_order =
    "it may be filled or canceled already; run: krakkenctl call QueryOrders txid=ID";

// clang-format off

// Gravest first: where an answer holds several errors, the earliest row speaks for all. A class ("EOrder:")
// stands behind its members.
constexpr auto meanings = std::to_array<Meaning>({
    later("EGeneral:Temporary lockout", lockout, "Kraken has locked this address out for a while",
        "wait about 15 minutes without calls, since every call prolongs it; then see that key, secret and nonces are right", lockout_time),
    open("EGeneral:Internal error", service, Again::later, "Kraken had an internal error",
        "try again; if it stays, tell Kraken's support the error"),
    open("EGeneral:Timeout", service, Again::later, "Kraken timed out", "try again"),
    open("EDatabase:", service, Again::later, "Kraken had an internal error",
        "try again; if it stays, tell Kraken's support the error"),
    open("EService:Deadline elapsed", service, Again::never, "the deadline passed at Kraken",
        "give a later deadline"),
    open("EService:Unavailable", service, Again::later, "Kraken is unavailable", status_page),
    open("EService:Busy", service, Again::later, "Kraken is busy", "wait some seconds"),
    later("EService:Throttled", rate_limit, "Kraken throttles: too many calls at once",
        "wait, and make fewer calls at once", counter_decay),
    later("EService:Market in cancel_only mode", service, "Kraken's market takes only cancels now",
        status_page),
    later("EService:Market in post_only mode", service,
        "Kraken's market takes only post-only limit orders and cancels now",
        "wait, or place it with oflags=post; see status.kraken.com"),
    later("EService:Market", service, "Kraken's market does not take this now", status_page),
    open("EService:", service, Again::later, "Kraken's service has trouble", status_page),

    refused("EAPI:Invalid key", auth, "Kraken does not know this API key",
        "see at Kraken that the key was not deleted, has not expired and may be used from this address; then add it again, copied in full"),
    refused("EAPI:Invalid signature", auth, "Kraken refused the signature",
        "check that the API secret belongs to this key, and its OTP if the key has two-factor authentication; then add it again"),
    open("EAPI:Invalid nonce", nonce, Again::never, "Kraken refused the nonce",
        "stop every other program that uses this API key, or make a new key for krakkend alone; "
        "check the key and its permissions at Kraken, and this machine's clock"),
    later("EAPI:Rate limit exceeded", rate_limit, "Kraken's limit of calls is exceeded",
        slow_down, counter_decay),
    later("EOrder:Rate limit exceeded", rate_limit, "Kraken's limit of order changes for this pair is exceeded",
        slow_orders, counter_decay),
    later("EOrder:Domain rate limit exceeded", rate_limit,
        "Kraken's limit of order changes for the whole account is exceeded",
        slow_orders, counter_decay),
    later("EGeneral:Too many requests", rate_limit, "Kraken says: too many requests",
        "wait, and call less often", counter_decay),
    later("EAuth:Rate limit exceeded", rate_limit, "Kraken says: too many attempts",
        "wait a minute, and check key and secret", 60s),
    later("EAuth:Too many requests", rate_limit, "Kraken says: too many attempts",
        "wait a minute, and check key and secret", 60s),

    // Which permission is the endpoint's to say.
    refused("EGeneral:Permission denied", permission, "the API key lacks a permission", ""),
    refused("EAPI:Permission denied", permission, "the API key lacks a permission", ""),
    refused("EAccount:Invalid permissions", permission,
        "this Kraken account may not do that (its region, verification or a product)",
        "see at Kraken what the account's region and verification allow; no permission of the key helps"),
    refused("EAccount:", permission, "this Kraken account may not do that",
        "see at Kraken what the account's region and verification allow"),
    refused("EAuth:Account temporary disabled", auth, "Kraken has disabled the account for now", to_support),
    refused("EAuth:Account unconfirmed", auth, "the account's e-mail address is not confirmed",
        "open the link in Kraken's e-mail, or ask for another"),
    refused("EAuth:", auth, "Kraken refused the account", to_support),
    refused("EAPI:Feature disabled", service, "Kraken has switched this off",
        "see status.kraken.com; do without it"),
    refused("ETrade:User Locked", order, "Kraken has locked the account, as it does after suspicious activity",
        to_support),
    refused("ETrade:Locked", order, "Kraken has locked the account, as it does after suspicious activity",
        to_support),

    refused("EOrder:Insufficient funds", funds, "insufficient funds",
        "lower the volume or free what open orders hold; run: krakkenctl call BalanceEx"),
    refused("EOrder:Insufficient margin", funds, "Kraken's pool for margin is empty",
        "lower the volume or the leverage, or wait"),
    refused("EOrder:Margin allowance exceeded", funds, "the margin allowance is exceeded",
        "close positions or lower volume and leverage; run: krakkenctl call TradeBalance"),
    refused("EOrder:Margin level too low", funds, "the margin level is too low",
        "deposit collateral or close positions; run: krakkenctl call TradeBalance (ml is the margin level)"),
    refused("EEarnings:Insufficient funds", funds, "insufficient funds",
        "lower the amount; run: krakkenctl call Earn/Allocations"),
    refused("EFunding:Insufficient funds", funds, "insufficient funds",
        "lower the amount; run: krakkenctl call BalanceEx"),

    open("EOrder:Reduce only:Position is closed", order, Again::never,
        "the reduce-only order met a closed position, perhaps after a part of it was filled",
        "run: krakkenctl call OpenPositions"),
    refused("EOrder:Reduce only:No position exists", order, "there is no position that the order could reduce",
        "leave out reduce_only, or see OpenPositions"),
    refused("EOrder:Reduce only:Non-PC", order, "Kraken lets this account only reduce its positions here",
        margin_eligible),
    refused("EOrder:Reduce only", order, "Kraken refused the reduce-only order",
        "run: krakkenctl call OpenPositions"),
    refused("EOrder:Trading agreement required", order, "Kraken wants its trading agreement accepted first",
        "sign in at Kraken and accept it"),
    refused("EOrder:Cannot open position", order, "this account may not open a position on margin",
        margin_eligible),
    refused("EOrder:Cannot open opposing position", order, "this account may not open an opposing position",
        margin_eligible),
    refused("EOrder:Margin position size exceeded", order, "the pair's limit of a position's size is exceeded",
        close_something),
    refused("EOrder:Positions limit exceeded", order, "there are too many open positions", close_something),
    refused("EOrder:Orders limit exceeded", order, "there are too many open orders of this pair",
        close_something),
    refused("EOrder:Scheduled orders limit exceeded", order, "there are too many scheduled or trigger orders",
        close_something),
    refused("EOrder:Order minimum not met", order, "the volume is below the pair's minimum (ordermin)",
        show_pair),
    refused("EOrder:Cost minimum not met", order, "price times volume is below the pair's minimum (costmin)",
        show_pair),
    refused("EOrder:Tick size check failed", order, "the price is not a multiple of the pair's tick_size",
        show_pair),
    refused("EOrder:Invalid price", order, "Kraken refused the price",
        "compare it with pair_decimals and tick_size of the pair and with Ticker"),
    refused("EOrder:Post only order", order, "the post-only order would have been filled at once",
        "give another price, or leave out oflags=post"),
    refused("EOrder:No amendable parameters", order, "the amendment changes nothing",
        "change price or quantity by a tick at least"),
    refused("EOrder:Invalid order", order, "Kraken has no such open order", look_up_order),
    refused("EOrder:Unknown order", order, "Kraken has no such open order", look_up_order),
    refused("EOrder:Unknown position", order, "Kraken has no such position",
        "run: krakkenctl call OpenPositions"),
    refused("EOrder:", order, "Kraken refused the order", "see the error text: it names the rule"),
    refused("EBM:limit exceeded", order, "a legal limit of buying crypto assets is reached (Canada)",
        "wait until the limit's period ends, or buy an asset without it"),
    refused("EBM:", order, "a legal limit is reached", "see at Kraken what the account's region allows"),
    refused("ETrade:", order, "Kraken refused the trade",
        "check the call's parameters against Kraken's documentation"),
    refused("EQuery:Unknown asset pair", order, "Kraken knows no such pair", "run: krakkenctl call AssetPairs"),
    refused("EQuery:Invalid asset pair", order, "Kraken knows no such pair", "run: krakkenctl call AssetPairs"),
    refused("EQuery:Unknown asset", order, "Kraken knows no such asset", "run: krakkenctl call Assets"),
    refused("EQuery:", order, "Kraken does not know what was asked for",
        "check the names against Assets and AssetPairs"),
    refused("EFunding:Unknown withdraw key", order, "no withdrawal address has this key name",
        "run: krakkenctl call WithdrawAddresses"),
    refused("EFunding:Invalid amount", order, "Kraken refused the amount",
        "compare it with the method's minimum and the balance"),
    refused("EFunding:Max fee exceeded", order, "the fee is above max_fee",
        "raise max_fee; WithdrawInfo shows the fee"),
    refused("EFunding:No funding method", order, "there is no such method for this asset",
        "DepositMethods and WithdrawMethods list them"),
    refused("EFunding:Too many addresses", order, "there are too many unused deposit addresses",
        "use one of them; run: krakkenctl call DepositAddresses asset=ASSET method=METHOD"),
    refused("EFunding:", order, "Kraken refused the funding request",
        "check asset, method, amount and reference"),
    later("EEarnings:Busy:Another", service, "another allocation of the same strategy is in progress",
        "wait until Earn/AllocateStatus or Earn/DeallocateStatus says that nothing is pending"),
    later("EEarnings:Busy", service, "Kraken Earn is busy", "wait some minutes"),
    refused("EEarnings:Permission denied", order, "the account's verification is too low for this strategy",
        "raise the account's verification at Kraken"),
    refused("EEarnings:Below min", order, "the amount is below the strategy's minimum",
        "run: krakkenctl call Earn/Strategies (user_min_allocation)"),
    refused("EEarnings:Above max", order, "the amount is above the strategy's limit",
        "run: krakkenctl call Earn/Strategies (user_cap)"),
    refused("EEarnings:", order, "Kraken Earn refused the request",
        "see Earn/Strategies for what this account can do"),
    refused("EGeneral:Invalid arguments:volume minimum not met", order,
        "the volume is below the pair's minimum (ordermin)", show_pair),
    refused("EGeneral:Invalid arguments:Index unavailable", order, "there is no index price for this pair",
        "use trigger=last"),
    refused("EGeneral:Invalid arguments", order, "Kraken refused an argument",
        "check the parameter that the error names against Kraken's documentation"),
    refused("EGeneral:Unknown method", order, "Kraken does not know this method",
        "it may have been withdrawn; see Kraken's documentation"),
    refused("EGeneral:Invalid User", order, "Kraken refused the user", "check whose it is"),
    open("EGeneral:", service, Again::never, "Kraken answered with a general error", "see the error text"),
    refused("EAPI:Invalid arguments", order, "Kraken refused an argument",
        "check the parameter that the error names against Kraken's documentation"),
    refused("EAPI:Bad request", order, "Kraken could not read the request",
        "check the call's parameters against Kraken's documentation"),
    refused("EAPI:Invalid token", order, "Kraken does not know this token", "get a new one"),
    refused("EAPI:", order, "Kraken refused the request", "see the error text"),
    refused("ESession:", order, "Kraken does not know this session", "get a new token"),
});

// Refusals that Kraken writes without a category, known by a part of their text.
constexpr auto parts = std::to_array<Meaning>({
    refused("price(s) not found", order, "Kraken cannot price this order",
        "give a price, or see Ticker for the pair"),
    refused("No amendable parameters", order, "the amendment changes nothing",
        "change price or quantity by a tick at least"),
    refused("Symbol(s) not found", order, "Kraken knows no such pair", "run: krakkenctl call AssetPairs"),
    refused("Currency pair not supported", order, "Kraken knows no such pair",
        "run: krakkenctl call AssetPairs"),
    refused("Invalid timeout argument", order, "Kraken refused the timeout",
        "give less than 86400 seconds; 0 switches it off"),
    refused("Unsupported field:", order, "Kraken does not take this parameter",
        "leave out the parameter that the error names"),
    refused("Invalid withdrawal address", order, "the address is not that of the withdrawal key",
        "run: krakkenctl call WithdrawAddresses"),
});

// A text of no known form: nothing is known of what it means for a call that acts.
constexpr Meaning unknown = open("", order, Again::never,
    "Kraken answered with an error that krakkend does not know", "see the error text");

// clang-format on

// Without blanks, in small letters.
std::string folded(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c != ' ') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return result;
}

}  // namespace

const Meaning& meaning_of(std::string_view error) {
    const std::string text = folded(error);
    const auto row = std::ranges::find_if(meanings, [&text](const Meaning& meaning) {
        return text.starts_with(folded(meaning.text));
    });
    if (row != meanings.end()) return *row;
    const auto part = std::ranges::find_if(parts, [&text](const Meaning& meaning) {
        return text.contains(folded(meaning.text));
    });
    return part == parts.end() ? unknown : *part;
}

std::size_t rank(const Meaning& meaning) {
    const auto row = std::ranges::find(meanings, &meaning, [](const Meaning& each) { return &each; });
    return static_cast<std::size_t>(row - meanings.begin());
}

}  // namespace krakken::kraken
