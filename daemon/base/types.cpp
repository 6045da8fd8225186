#include "base/types.hpp"

#include "protocol/account_name.hpp"

#include <fmt/chrono.h>

#include <utility>

namespace krakken::base {

std::optional<AccountName> AccountName::parse(std::string_view text) {
    if (!protocol::is_account_name(text)) return std::nullopt;
    return AccountName(std::string(text));
}

std::optional<AccountName> AccountName::folded(std::string_view text) {
    return parse(protocol::folded_account_name(text));
}

std::string_view name(NonceUnit unit) {
    switch (unit) {
        case NonceUnit::microseconds:
            return "us";
        case NonceUnit::ten_nanoseconds:
            return "10ns";
        case NonceUnit::nanoseconds:
            return "ns";
    }
    std::unreachable();
}

std::optional<NonceUnit> parse_nonce_unit(std::string_view text) {
    for (const NonceUnit unit :
         {NonceUnit::microseconds, NonceUnit::ten_nanoseconds, NonceUnit::nanoseconds}) {
        if (name(unit) == text) return unit;
    }
    return std::nullopt;
}

std::string_view name(Tier tier) {
    switch (tier) {
        case Tier::starter:
            return "starter";
        case Tier::intermediate:
            return "intermediate";
        case Tier::pro:
            return "pro";
    }
    std::unreachable();
}

std::optional<Tier> parse_tier(std::string_view text) {
    for (const Tier tier : {Tier::starter, Tier::intermediate, Tier::pro}) {
        if (name(tier) == text) return tier;
    }
    return std::nullopt;
}

std::string rfc3339(Time time) {
    const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
    const std::time_t whole = std::chrono::system_clock::to_time_t(seconds);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(whole), (milliseconds - seconds).count());
}

std::optional<Time> parse_rfc3339(const std::string& text) {
    std::tm calendar{};
    const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &calendar);
    if (!rest) return std::nullopt;
    std::chrono::microseconds fraction{0};
    if (*rest == '.') {
        const char* const digits = ++rest;
        for (std::chrono::microseconds unit{100'000}; *rest >= '0' && *rest <= '9'; ++rest, unit /= 10)
            fraction += (*rest - '0') * unit;
        if (rest == digits) return std::nullopt;
    }
    // glibc reads "Z" and "+01:00" alike.
    std::tm zone{};
    const char* const end = strptime(rest, "%z", &zone);
    if (!end || *end != '\0') return std::nullopt;
    return Time(std::chrono::seconds(timegm(&calendar) - zone.tm_gmtoff) + fraction);
}

}  // namespace krakken::base
