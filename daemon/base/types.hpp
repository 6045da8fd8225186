#pragma once

// Strong types for what could be confused: explicit in, named accessor out.

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace krakken::base {

// Wall-clock time; microseconds because that is the default unit of a nonce.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

// An account's name as clients use it: [a-z0-9_-]{1,64}.
class AccountName {
public:
    static std::optional<AccountName> parse(std::string_view text);
    // The account that a foreign name stands for (a part of an environment variable's or of an old nonce
    // file's): lower-cased, and each character outside the set becomes '_'. Empty: no character, or too many.
    static std::optional<AccountName> folded(std::string_view text);

    const std::string& text() const { return text_; }
    friend auto operator<=>(const AccountName&, const AccountName&) = default;

private:
    explicit AccountName(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

// Names an API key without showing it: the first 8 hex digits of a keyed hash of the API key, as clients and
// logs see it.
class KeyId {
public:
    explicit KeyId(std::string hex) : hex_(std::move(hex)) {}

    const std::string& hex() const { return hex_; }
    friend auto operator<=>(const KeyId&, const KeyId&) = default;

private:
    std::string hex_;
};

// One value of a key's strictly increasing sequence.
class Nonce {
public:
    explicit Nonce(std::uint64_t value) : value_(value) {}

    std::uint64_t value() const { return value_; }
    std::string text() const { return std::to_string(value_); }
    friend auto operator<=>(const Nonce&, const Nonce&) = default;

private:
    std::uint64_t value_;
};

// The unit in which a key's nonces follow the clock. A key never moves to a coarser one.
enum class NonceUnit { microseconds, ten_nanoseconds, nanoseconds };

// As the contract writes them: us, 10ns, ns.
std::string_view name(NonceUnit unit);
std::optional<NonceUnit> parse_nonce_unit(std::string_view text);

// Kraken's verification tier of an account; it sets the rate limits.
enum class Tier { starter, intermediate, pro };

std::string_view name(Tier tier);
std::optional<Tier> parse_tier(std::string_view text);

// How the body of a private call is written: url-encoded fields, or Kraken's JSON form where a value is an
// array or object.
enum class BodyForm { form, json };

// RFC 3339 in UTC, e.g. 2026-11-20T22:41:35.123Z, for everything that leaves the process.
std::string rfc3339(Time time);
// With any offset and any number of digits behind the second, of which six count. Empty: not such a time.
std::optional<Time> parse_rfc3339(const std::string& text);

}  // namespace krakken::base
