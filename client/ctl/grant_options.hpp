#pragma once

// The options that say what somebody may do, and the grant that they make.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "client/client.hpp"
#include "secrets.hpp"

namespace krakken::ctl {

struct GrantOptions {
    std::string accounts;
    std::string allow;
    std::string pairs;
    std::string side;
    std::string order_types;
    std::string max_order_volume;
    std::string max_order_notional;
    std::string max_day_notional;
    std::string max_open_orders;
    std::string max_calls_per_minute;
    std::string own_orders;
    std::string hours;
    std::string expires;
    std::string mode;
};

enum class Whole { yes, no };

// `whole`: accounts and rights must be named; else what is not named stays as it is.
std::shared_ptr<GrantOptions> add_grant_options(CLI::App& command, Whole whole);

// What they say about the options, for a command's help.
extern const char* const grant_help;

// The grant as JSON, on top of `before`, another grant's JSON; an option with the text "none" takes a limit
// away. Throws UsageError.
std::string grant_json(const GrantOptions& options, std::string_view before = "{}");

// What is granted, as rows of a name and a value.
std::string readable_grant(std::string_view result);

// Sends what may need the vault's passphrase: with it where the source says so, or else once the daemon asks
// for it. `params` is a JSON object without white space.
client::Outcome<std::string> request_with_passphrase(
    client::Client& daemon, const SecretSource& source, std::string_view method, const std::string& params
);

}  // namespace krakken::ctl
