#include "account_entry.hpp"

#include "fields.hpp"

namespace krakken::ctl {

namespace {

// A validation may wait for a slow Kraken, more than once.
constexpr auto patience = std::chrono::seconds(90);

}  // namespace

std::string key_notice() {
    return "From its first use here an API key belongs to krakkend alone: the nonces of a\n"
           "key only ever go up, so any other program that uses the same key will fail.\n"
           "Best make a new key for krakkend (at Kraken: Settings > API), with the rights to\n"
           "query funds, orders and trades, to create, modify, cancel and close orders, and\n"
           "WITHOUT the right to withdraw.\n";
}

client::Outcome<std::string> add_account(client::Client& daemon, const AccountEntry& entry) {
    client::SecretText params;
    std::string_view separator = "{";
    const auto add = [&](std::string_view name, std::string_view text) {
        if (text.empty()) return;
        params.append(separator);
        params.append_quoted(name);
        params.append(":");
        params.append_quoted(text);
        separator = ",";
    };
    add("name", entry.name);
    add("api_key", entry.api_key.view());
    add("api_secret", entry.api_secret.view());
    add("otp", entry.otp.view());
    add("tier", entry.tier);
    add("save", entry.save);
    params.append("}");
    return daemon.request("account.add", params, patience);
}

bool can_save_unvalidated(const client::Failure& failure) {
    return Fields(Fields(failure.json).raw("data")).is_true("can_save_unvalidated");
}

}  // namespace krakken::ctl
