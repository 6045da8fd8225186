#pragma once

// What somebody may do: a bot, a user, a group. A value; who holds it stands elsewhere. Everything that is
// not there limits nothing, but for the rights and accounts, of which each must be named.

#include "base/decimal.hpp"
#include "base/types.hpp"
#include "grant/orders.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"

#include <bitset>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace krakken::grant {

using protocol::Result;
using protocol::Right;

// An amount of one currency, as "100USD".
struct Amount {
    Decimal value;
    std::string currency;  // in upper case, as Kraken writes it in "XBT/USD"

    static std::optional<Amount> parse(std::string_view text);
    std::string text() const { return value.text() + currency; }
};

// Minutes of the day in UTC.
class Hours {
public:
    static constexpr std::size_t minutes_of_a_day = 24 * 60;

    // "08:00-17:30"; the end is outside, and may be before the beginning: over midnight.
    static std::optional<Hours> parse(std::string_view text);

    const std::string& text() const { return text_; }
    bool contain(base::Time time) const;
    bool contain_all_of(const Hours& other) const { return (other.minutes_ & ~minutes_).none(); }

private:
    std::string text_;
    std::bitset<minutes_of_a_day> minutes_;
};

struct Grant {
    bool all_accounts = false;  // whatever `accounts` says
    std::set<base::AccountName> accounts;
    std::set<Right> rights;

    std::set<std::string> pairs;  // by kraken::canonical_pair(); empty: every one
    std::optional<Side> side;
    std::set<std::string> order_types;  // empty: every one
    std::optional<Decimal> max_order_volume;
    std::optional<Amount> max_order_notional;
    std::optional<Amount> max_day_notional;  // of what was sent in the last 24 hours
    std::optional<unsigned> max_open_orders;
    std::optional<unsigned> max_calls_per_minute;
    bool own_orders = false;  // cancels and changes only what its holder has placed
    std::optional<Hours> hours;
    std::optional<base::Time> expires_at;
    bool validate_only = false;

    bool has(Right right) const;
    bool covers(const base::AccountName& account) const { return all_accounts || accounts.contains(account); }
    // Whether something hangs on what an order says.
    bool limits_orders() const;
};

// What krakkend's own user may do without a grant of its own: read, trade, export. As long as nothing is
// known to be granted to anybody, all orders are its own, so that it may cancel them all, too; then that must
// be named, as everybody else's.
Grant operators_grant(bool is_only_one);

// As it lies in the vault, and as clients see it. invalid_params: a member that is not known or not
// understood; the sentence names it.
std::string text_of(const Grant& grant);
Result<Grant> parse_grant(std::string_view json);

// Whether `to` allows anything that `from` does not.
bool widens(const Grant& from, const Grant& to);

}  // namespace krakken::grant
