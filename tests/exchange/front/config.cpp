#include "tests/exchange/front/config.hpp"

#include <openssl/rand.h>

#include <toml++/toml.h>
#include <boost/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/exchange/admission/signature.hpp"
#include "tests/exchange/front/market.hpp"

namespace exchange::front {

namespace {

struct Problem {
    toml::source_position where;
    std::string text;
};

[[noreturn]] void fail(const toml::node& node, std::string text) {
    throw Problem{node.source().begin, std::move(text)};
}

// Numbers with a fraction and dates are in no setting: they stay null and are refused by whoever reads the
// value.
boost::json::value to_json(const toml::node& node) {
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (const auto* number = node.as_integer()) return number->get();
    if (const auto* text = node.as_string()) return boost::json::string(text->get());
    if (const auto* list = node.as_array()) {
        boost::json::array array;
        for (const toml::node& item : *list)
            array.push_back(to_json(item));
        return array;
    }
    if (const auto* table = node.as_table()) {
        boost::json::object object;
        for (const auto& [name, item] : *table)
            object[name.str()] = to_json(item);
        return object;
    }
    return nullptr;
}

const toml::table& as_table(const toml::node& node) {
    if (!node.is_table()) fail(node, "must be a table");
    return *node.as_table();
}

std::string as_text(const toml::node& node) {
    if (!node.is_string()) fail(node, "must be a text");
    return node.as_string()->get();
}

std::int64_t as_count(const toml::node& node) {
    if (!node.is_integer() || node.as_integer()->get() < 0) fail(node, "must be a whole number from 0");
    return node.as_integer()->get();
}

std::vector<std::string> as_texts(const toml::node& node) {
    if (!node.is_array()) fail(node, "must be a list of texts");
    std::vector<std::string> texts;
    for (const toml::node& item : *node.as_array())
        texts.push_back(as_text(item));
    return texts;
}

void read_switches(const toml::node& node, Config& config) {
    for (const auto& [name, value] : as_table(node)) {
        if (auto set = config.switches.set(name.str(), to_json(value)); !set) fail(value, set.error());
    }
}

void read_market(const toml::node& node, Config& config) {
    for (const auto& [name, value] : as_table(node)) {
        if (auto set = set_market(config.market, name.str(), to_json(value)); !set) fail(value, set.error());
    }
}

void read_key(const toml::node& node, const std::string& account, Config& config) {
    ApiKey key;
    key.account = account;
    for (const auto& [name, value] : as_table(node)) {
        if (name == "name") {
            key.name = as_text(value);
        } else if (name == "api_key") {
            key.api_key = as_text(value);
        } else if (name == "api_secret") {
            key.secret = decode_base64(as_text(value)).value_or("");
        } else if (name == "permissions") {
            key.permissions = as_texts(value);
        } else if (name == "otp") {
            key.otp = as_text(value);
        } else if (name == "nonce_window") {
            key.nonce_window = static_cast<std::uint64_t>(as_count(value));
        } else if (name == "ip_allowlist") {
            key.ip_allowlist = as_texts(value);
        } else if (name == "valid_until") {
            key.valid_until = as_count(value);
        } else {
            fail(value, "unknown key " + std::string(name.str()) + " in account.key");
        }
    }
    if (std::string problem = problem_with(key); !problem.empty()) fail(node, problem);
    if (!config.ring.keys.emplace(key.api_key, key).second) fail(node, "api_key is used twice");
}

std::map<std::string, std::string> read_balances(const toml::node& node) {
    std::map<std::string, std::string> balances;
    for (const auto& [asset, amount] : as_table(node))
        balances.emplace(asset.str(), as_text(amount));
    return balances;
}

std::vector<WithdrawAddress> read_withdraw_addresses(const toml::node& node) {
    if (!node.is_array()) fail(node, "must be [[account.withdraw_address]]");
    std::vector<WithdrawAddress> addresses;
    for (const toml::node& item : *node.as_array()) {
        WithdrawAddress& address = addresses.emplace_back();
        for (const auto& [name, value] : as_table(item)) {
            if (name == "key") {
                address.key = as_text(value);
            } else if (name == "asset") {
                address.asset = as_text(value);
            } else if (name == "address") {
                address.address = as_text(value);
            } else {
                fail(value, "unknown key " + std::string(name.str()) + " in account.withdraw_address");
            }
        }
    }
    return addresses;
}

void read_account(const toml::node& node, Config& config) {
    Account account;
    const toml::table& table = as_table(node);
    for (const auto& [name, value] : table) {
        if (name == "name") {
            account.name = as_text(value);
        } else if (name == "tier") {
            const auto tier = parse_tier(as_text(value));
            if (!tier) fail(value, "tier must be starter, intermediate or pro");
            account.tier = *tier;
        } else if (name == "balances") {
            account.balances = read_balances(value);
        } else if (name == "withdraw_address") {
            account.withdraw_addresses = read_withdraw_addresses(value);
        } else if (name != "key") {
            fail(value, "unknown key " + std::string(name.str()) + " in account");
        }
    }
    if (account.name.empty()) fail(node, "an account needs a name");
    if (!config.ring.accounts.emplace(account.name, account).second) fail(node, "account name is used twice");
    const toml::node* keys = table.get("key");
    if (keys == nullptr) return;
    if (!keys->is_array()) fail(*keys, "must be [[account.key]]");
    for (const toml::node& key : *keys->as_array())
        read_key(key, account.name, config);
}

Config read_config(const toml::table& root) {
    Config config;
    for (const auto& [name, value] : root) {
        if (name == "switches") {
            read_switches(value, config);
        } else if (name == "market") {
            read_market(value, config);
        } else if (name == "account") {
            if (!value.is_array()) fail(value, "must be [[account]]");
            for (const toml::node& account : *value.as_array())
                read_account(account, config);
        } else {
            fail(value, "unknown key " + std::string(name.str()));
        }
    }
    return config;
}

std::string at_line(const toml::source_position& where, std::string_view text) {
    return "line " + std::to_string(where.line) + ": " + std::string(text);
}

std::string random_base64(std::size_t size) {
    std::string bytes(size, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1) {
        throw std::runtime_error("no random bytes");
    }
    return encode_base64(bytes);
}

std::string random_key(std::string_view name, std::string_view permissions, std::string_view more = "") {
    std::ostringstream text;
    text << "\n[[account.key]]\nname = \"" << name << "\"\napi_key = \"" << random_base64(42)
         << "\"\napi_secret = \"" << random_base64(64) << "\"\npermissions = [" << permissions << "]\n"
         << more;
    return text.str();
}

}  // namespace

std::expected<Config, std::string> parse_config(std::string_view text) {
    try {
        return read_config(toml::parse(text));
    } catch (const toml::parse_error& error) {
        return std::unexpected(at_line(error.source().begin, error.description()));
    } catch (const Problem& problem) {
        return std::unexpected(at_line(problem.where, problem.text));
    }
}

std::string example_config() {
    constexpr std::string_view trading =
        R"("query-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades")";
    std::ostringstream text;
    text
        << R"(# krakken-exchange: accounts and keys of a simulated Kraken. The keys below are random and open nothing anywhere else.

[switches]
# What Kraken's documentation leaves open; README.md has the list. For example:
# nonce_used_on_refusal = ["otp", "permission", "concurrency", "rate", "arguments", "business"]

[market]
seed = 1
# order_shown_after_ms = 500   # how long a new order is missing from OpenOrders

[[account]]
name = "alice"
tier = "pro"                   # starter, intermediate, pro
balances = { ZUSD = "100000.0000", XXBT = "2.0000000000", XETH = "10.0000000000" }
)" << random_key("trade", trading)
        << random_key(
               "read-only", R"("query-funds", "query-open-trades", "query-closed-trades", "query-ledger")"
           )
        << R"(
[[account]]
name = "bob"
tier = "intermediate"
balances = { ZEUR = "50000.0000", XXBT = "0.5000000000" }
)"
        << random_key(
               "trade",
               trading,
               "otp = \"a static password\"     # two-factor for this key\n"
               "nonce_window = 10000          # in nonce ticks, 0 = strictly increasing\n"
           )
        << R"(
[[account]]
name = "carol"
tier = "starter"
balances = { ZUSD = "1000.0000" }
)"
        << random_key(
               "local only",
               R"("query-funds", "withdraw-funds", "query-ledger")",
               "ip_allowlist = [\"127.0.0.1\", \"::1\"]\n"
               "# valid_until = 1900000000    # Unix seconds\n"
           )
        << R"(
[[account.withdraw_address]]   # an entry of the address book, for Withdraw
key = "bank"
asset = "ZUSD"
address = "US00 0000 0000 0000"
)";
    return text.str();
}

}  // namespace exchange::front
