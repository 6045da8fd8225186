#include "account_entry.hpp"

#include "fields.hpp"

namespace krakken::ctl {

namespace {

// A validation may wait for a slow Kraken, more than once; a further key is compared with another one, and a
// replaced key's calls may take as long as any.
constexpr auto patience = std::chrono::seconds(90);
constexpr auto more_patience = std::chrono::seconds(240);

client::Outcome<std::string> hand_over(
    client::Client& daemon, std::string_view method, const AccountEntry& entry, std::chrono::seconds timeout
) {
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
    add("key", entry.replaces);
    add("api_key", entry.api_key.view());
    add("api_secret", entry.api_secret.view());
    add("otp", entry.otp.view());
    add("tier", entry.tier);
    add("save", entry.save);
    params.append("}");
    return daemon.request(method, params, timeout);
}

}  // namespace

std::string key_notice() {
    return "From its first use here an API key belongs to krakkend alone: the nonces of a\n"
           "key only ever go up, so any other program that uses the same key will fail.\n"
           "Best make a new key for krakkend (at Kraken: Settings > API), with the rights to\n"
           "query funds, orders and trades, to create, modify, cancel and close orders, and\n"
           "WITHOUT the right to withdraw.\n";
}

void add_save_options(CLI::App& command, SaveOptions& options) {
    command.add_option("--tier", options.tier, "At Kraken: starter, intermediate or pro")
        ->check(CLI::IsMember({"starter", "intermediate", "pro"}).description(""))
        ->type_name("TIER");
    command.add_option("--save", options.save, "validated (default), unvalidated or anyway")
        ->check(CLI::IsMember({"validated", "unvalidated", "anyway"}).description(""))
        ->type_name("WHEN");
    command.add_flag("--otp", options.with_otp, "The key has a password of its own (two-factor)");
}

AccountEntry read_key(SecretReader& reader, bool with_otp) {
    AccountEntry entry;
    entry.api_key = reader.secret("the API key", "API key: ");
    entry.api_secret = reader.secret("the API secret", "API secret (\"private key\" at Kraken): ");
    if (with_otp) entry.otp = read_otp(reader);
    return entry;
}

client::SecretText read_otp(SecretReader& reader) {
    return reader.secret("the one-time password", "One-time password of the key: ");
}

client::Outcome<std::string> add_account(client::Client& daemon, const AccountEntry& entry) {
    return hand_over(daemon, "account.add", entry, patience);
}

client::Outcome<std::string> add_key(client::Client& daemon, const AccountEntry& entry) {
    return hand_over(daemon, "account.add_key", entry, more_patience);
}

client::Outcome<std::string> replace_key(client::Client& daemon, const AccountEntry& entry) {
    return hand_over(daemon, "account.replace_key", entry, more_patience);
}

bool can_save_unvalidated(const client::Failure& failure) {
    return Fields(Fields(failure.json).raw("data")).is_true("can_save_unvalidated");
}

}  // namespace krakken::ctl
