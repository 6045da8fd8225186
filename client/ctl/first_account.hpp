#pragma once

// The parts of setup that talk with the daemon about secrets: the open vault and the first account.

#include <string>

#include "account_entry.hpp"
#include "secrets.hpp"

namespace krakken::ctl {

// Makes the vault, or opens the one that is there. `status` is the daemon's answer.
client::Outcome<void> open_vault(
    client::Client& daemon, std::string_view status, const SecretSource& source, SecretReader& reader
);

struct FirstAccount {
    std::string name;
    bool with_otp = false;
};

// Asks for the key, has Kraken validate it, saves it; the result of account.add. At a terminal a person may
// correct a key that was refused, and decide what to do when Kraken cannot be asked. A key that Kraken
// refused is never saved here.
client::Outcome<std::string> add_first_account(
    client::Client& daemon, const FirstAccount& account, SecretReader& reader, bool at_terminal
);

}  // namespace krakken::ctl
