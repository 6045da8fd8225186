// POST /accounts: accounts and keys added or changed while the exchange runs.

#include <boost/json.hpp>
#include <stdexcept>

#include "tests/exchange/admission/signature.hpp"
#include "tests/exchange/front/exchange.hpp"

namespace exchange::front {

namespace {

struct Wrong {
    std::string text;
};

std::string as_text(const boost::json::value& value, std::string_view name) {
    if (!value.is_string()) throw Wrong{std::string(name) + " must be a text"};
    return std::string(value.get_string());
}

std::int64_t as_count(const boost::json::value& value, std::string_view name) {
    if (!value.is_int64() || value.get_int64() < 0)
        throw Wrong{std::string(name) + " must be a whole number from 0"};
    return value.get_int64();
}

template <class Values>
Values as_values(const boost::json::value& value, std::string_view name) {
    auto values = boost::json::try_value_to<Values>(value);
    if (!values) throw Wrong{std::string(name) + " must hold texts"};
    return *values;
}

// Members that are not named stay as they are.
void change_key(ApiKey& key, const boost::json::object& object) {
    for (const auto& [name, value] : object) {
        if (name == "api_key") {
            key.api_key = as_text(value, name);
        } else if (name == "api_secret") {
            key.secret = decode_base64(as_text(value, name)).value_or("");
        } else if (name == "name") {
            key.name = as_text(value, name);
        } else if (name == "permissions") {
            key.permissions = as_values<std::vector<std::string>>(value, name);
        } else if (name == "otp") {
            key.otp.reset();
            if (!value.is_null()) key.otp = as_text(value, name);
        } else if (name == "nonce_window") {
            key.nonce_window = static_cast<std::uint64_t>(as_count(value, name));
        } else if (name == "last_nonce") {
            const auto nonce = parse_nonce(as_text(value, name));
            if (!nonce) throw Wrong{"last_nonce must be decimal digits up to 2^64-1"};
            key.nonces.record(*nonce);
        } else if (name == "ip_allowlist") {
            key.ip_allowlist = as_values<std::vector<std::string>>(value, name);
        } else if (name == "valid_until") {
            key.valid_until = as_count(value, name);
        } else if (name != "revoked") {
            throw Wrong{"unknown member key." + std::string(name)};
        }
    }
    if (std::string problem = problem_with(key); !problem.empty()) throw Wrong{problem};
}

Account read_account(const boost::json::object& object, const KeyRing& ring) {
    Account account;
    if (const auto* name = object.if_contains("account")) account.name = as_text(*name, "account");
    if (account.name.empty()) throw Wrong{"account is missing"};
    if (const auto known = ring.accounts.find(account.name); known != ring.accounts.end())
        account = known->second;
    for (const auto& [name, value] : object) {
        if (name == "tier") {
            const auto tier = parse_tier(as_text(value, name));
            if (!tier) throw Wrong{"tier must be starter, intermediate or pro"};
            account.tier = *tier;
        } else if (name == "balances") {
            if (ring.accounts.contains(account.name)) throw Wrong{"balances are only for a new account"};
            account.balances = as_values<std::map<std::string, std::string>>(value, name);
        } else if (name != "account" && name != "key" && name != "deposit") {
            throw Wrong{"unknown member " + std::string(name)};
        }
    }
    return account;
}

ApiKey read_key(const boost::json::object& object, const std::string& account, const KeyRing& ring) {
    ApiKey key;
    key.account = account;
    if (const auto* name = object.if_contains("api_key")) key.api_key = as_text(*name, "api_key");
    if (const auto known = ring.keys.find(key.api_key); known != ring.keys.end()) key = known->second;
    if (key.account != account) throw Wrong{"the key belongs to another account"};
    change_key(key, object);
    return key;
}

}  // namespace

std::expected<void, std::string> Exchange::put_account(const boost::json::object& object) {
    try {
        const Account account = read_account(object, ring_);
        std::optional<ApiKey> key;
        bool revoked = false;
        if (const auto* member = object.if_contains("key")) {
            if (!member->is_object()) throw Wrong{"key must be an object"};
            key = read_key(member->get_object(), account.name, ring_);
            const auto* flag = member->get_object().if_contains("revoked");
            revoked = flag != nullptr && flag->is_bool() && flag->get_bool();
        }
        std::map<std::string, std::string> deposits;
        if (const auto* member = object.if_contains("deposit")) {
            deposits = as_values<std::map<std::string, std::string>>(*member, "deposit");
        }
        // Everything of ours is read before anything is changed; the venue refuses an asset or amount by
        // throwing.
        if (!ring_.accounts.contains(account.name)) open_account(account);
        ring_.accounts[account.name] = account;
        for (const auto& [asset, amount] : deposits)
            venue_->deposit(account.name, asset, amount, clock_.now());
        if (!key) return {};
        if (revoked) {
            ring_.keys.erase(key->api_key);
            return {};
        }
        key->modified = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
        if (key->created == 0) key->created = key->modified;
        ring_.keys.insert_or_assign(key->api_key, std::move(*key));
        return {};
    } catch (const Wrong& wrong) {
        return std::unexpected(wrong.text);
    } catch (const std::invalid_argument& wrong) {  // of the venue: an asset or an amount
        return std::unexpected(wrong.what());
    }
}

}  // namespace exchange::front
