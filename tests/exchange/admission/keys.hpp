#pragma once

// Accounts and their API keys, with what each key has used up so far.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/exchange/admission/nonce_book.hpp"
#include "tests/exchange/admission/rest_counter.hpp"
#include "tests/exchange/call.hpp"

namespace exchange::front {

// An entry of the address book, which Withdraw names by its key.
struct WithdrawAddress {
    std::string key;
    std::string asset;
    std::string address;
};

struct Account {
    std::string name;
    Tier tier = Tier::intermediate;
    std::map<std::string, std::string> balances;  // what it starts with; the venue keeps the books
    std::vector<WithdrawAddress> withdraw_addresses;
};

struct ApiKey {
    std::string account;
    std::string name;
    std::string api_key;
    std::string secret;  // decoded; never shown
    std::vector<std::string> permissions;
    std::optional<std::string> otp;         // the static password, if the key has 2FA
    std::uint64_t nonce_window = 0;         // in nonce ticks
    std::vector<std::string> ip_allowlist;  // addresses and networks, empty = all
    std::int64_t valid_until = 0;           // Unix seconds, 0 = for ever
    std::int64_t created = 0;               // Unix seconds
    std::int64_t modified = 0;

    NonceBook nonces;
    RestCounter counter;
    std::int64_t last_used = 0;  // Unix seconds
    std::uint64_t calls = 0;
    std::uint64_t refused = 0;
    std::uint64_t nonces_refused = 0;
    // Requests being answered now; shared with each of them, since a key may be revoked meanwhile.
    std::shared_ptr<std::int64_t> in_flight = std::make_shared<std::int64_t>(0);
};

struct KeyRing {
    std::map<std::string, Account> accounts;
    std::map<std::string, ApiKey> keys;  // by api_key

    ApiKey* find(const std::string& api_key);
};

// What is wrong with a key's settings, or empty.
std::string problem_with(const ApiKey& key);

bool allows_address(const ApiKey& key, const std::string& address);

std::optional<Tier> parse_tier(std::string_view name);
std::string_view tier_name(Tier tier);

}  // namespace exchange::front
