#pragma once

// API keys as other programs keep them in their files. The file's text goes in, pairs come out in memory that
// is wiped. What is wrong throws UsageError with a sentence that names the variable, member or line, and
// never repeats what stands there.

#include <string>
#include <string_view>
#include <vector>

#include "client/secret_text.hpp"

namespace krakken::ctl {

struct ForeignKey {
    std::string account;  // which it becomes here; an account's name
    client::SecretText api_key;
    client::SecretText api_secret;
};

struct ForeignKeys {
    std::vector<ForeignKey> pairs;      // whole ones, in the file's order, each account once; may be none
    std::vector<std::string> left_out;  // a sentence for each further key or secret in the file
};

enum class KeyFile {
    dotenv,      // lines NAME=value with the variables that the daemon takes from its environment
    krakenex,    // the API key is the first line, the secret the second one
    kraken_cli,  // its config.toml: api_key and api_secret in [auth]
    // JSON with comments and trailing commas: "exchange" with "key" (or "api_key", "apiKey") and "secret".
    // Its "name" must be kraken where it is there: a file of secrets beside the main one need not have it.
    freqtrade,
};

ForeignKeys read_keys(KeyFile kind, std::string_view text);

// The reader for dotenv (dotenv.cpp).
ForeignKeys read_dotenv(std::string_view text);

// Without the white space around it, which no key has.
std::string_view trimmed(std::string_view text);

}  // namespace krakken::ctl
