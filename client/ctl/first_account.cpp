#include "first_account.hpp"

#include <cctype>

#include "fields.hpp"
#include "report.hpp"
#include "terminal.hpp"

namespace krakken::ctl {

namespace {

using client::Failure;
using protocol::ErrorCode;

constexpr std::string_view vault_step =
    "Step 1 of 3: the vault.\n"
    "Choose a passphrase. It encrypts the vault, you will be asked for it after every\n"
    "start of krakkend, and it cannot be recovered: keep it safe.\n";

constexpr int passphrase_attempts = 3;

bool is(const Failure& failure, ErrorCode code) {
    return failure.code == static_cast<int>(code);
}

client::Outcome<void> unlock(client::Client& daemon, SecretReader& reader, bool at_terminal) {
    for (int attempt = 1;; ++attempt) {
        const auto passphrase = reader.passphrase("the passphrase", "Passphrase of the vault: ");
        const auto done =
            daemon.request("unlock", client::secret_object({{"passphrase", passphrase.view()}}));
        if (done) return {};
        const bool again =
            at_terminal && attempt < passphrase_attempts && is(done.error(), ErrorCode::passphrase);
        if (!again) return std::unexpected(done.error());
        print_error("That does not open the vault. Once more:\n");
    }
}

AccountEntry read_entry(const FirstAccount& account, SecretReader& reader) {
    AccountEntry entry = read_key(reader, account.with_otp);
    entry.name = account.name;
    print_error("Asking Kraken whether it accepts the key ...\n");
    return entry;
}

bool is_refused_by_kraken(const Failure& failure) {
    return is(failure, ErrorCode::auth) || is(failure, ErrorCode::permission) ||
           is(failure, ErrorCode::nonce);
}

// What was typed cannot be a key and its secret; nobody was asked about it.
bool is_misshapen(const Failure& failure) {
    return is(failure, ErrorCode::invalid_params) && failure.reason.empty();
}

// The first letter of an answer, a line feed for none, until it is one of `letters`.
char choose(std::string_view prompt, std::string_view letters) {
    for (;;) {
        const std::string answer = ask(prompt);
        const char letter = answer.empty()
                                ? '\n'
                                : static_cast<char>(std::tolower(static_cast<unsigned char>(answer.front())));
        if (letters.contains(letter)) return letter;
    }
}

// Whether to try once more, with what the person has changed in `entry`.
bool correct(const Failure& failure, const FirstAccount& account, SecretReader& reader, AccountEntry& entry) {
    const bool refused = is_refused_by_kraken(failure);
    if (refused || is_misshapen(failure)) {
        print_error(explain(failure));
        print_error(
            refused ? "Kraken refused the key, so it was not saved.\n"
                    : "Nothing was sent to Kraken, and nothing was saved.\n"
        );
        if (choose("Enter key and secret again? [Y/n] ", "yn\n") == 'n') return false;
        entry = read_entry(account, reader);
        return true;
    }
    if (!can_save_unvalidated(failure)) return false;
    print_error(explain(failure));
    print_error("Kraken could not be asked. That says nothing about the key, which was not saved.\n");
    const char choice = choose("[r]etry, [s]ave it unvalidated, or [q]uit? ", "rsq");
    entry.save = choice == 's' ? "unvalidated" : "validated";
    return choice != 'q';
}

}  // namespace

client::Outcome<void> open_vault(
    client::Client& daemon, std::string_view raw_status, const SecretSource& source, SecretReader& reader
) {
    const Fields status(raw_status);
    client::Outcome<void> done;
    if (!Fields(status.raw("vault")).is_true("exists")) {
        print_error(vault_step);
        const auto passphrase = reader.new_passphrase("the passphrase", "New passphrase: ");
        const auto made =
            daemon.request("vault.create", client::secret_object({{"passphrase", passphrase.view()}}));
        if (!made) return std::unexpected(made.error());
    } else if (status.text("state") == "unlocked" && !source.from_stdin) {
        print_error("Step 1 of 3: there is a vault already, and it is unlocked.\n\n");
        return {};
    } else {
        print_error("Step 1 of 3: there is a vault already. Its passphrase opens it.\n");
        if (auto opened = unlock(daemon, reader, !source.from_stdin); !opened) return opened;
    }
    print_error("The vault is open.\n\n");
    return {};
}

client::Outcome<std::string> add_first_account(
    client::Client& daemon, const FirstAccount& account, SecretReader& reader, bool at_terminal
) {
    AccountEntry entry = read_entry(account, reader);
    for (;;) {
        auto added = add_account(daemon, entry);
        if (added || !at_terminal || !correct(added.error(), account, reader, entry)) return added;
        if (entry.save == "validated") print_error("Asking Kraken again ...\n");
    }
}

}  // namespace krakken::ctl
