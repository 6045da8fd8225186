#pragma once

// Where a command takes its secrets from: the terminal, standard input or a file; never its arguments, which
// every user of the machine can read.

#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "client/secret_text.hpp"

namespace krakken::ctl {

struct SecretSource {
    bool from_stdin = false;
    std::string passphrase_file;  // empty: none
};

// The options --stdin (`lines` says which lines it reads) and, for a passphrase, --passphrase-file.
void add_stdin_option(CLI::App& command, SecretSource& source, const std::string& lines);
void add_passphrase_options(CLI::App& command, SecretSource& source, const std::string& lines);

// Hands out one secret after the other, each wiped when its owner lets it go. Everything throws UsageError
// with a sentence that names what is missing.
class SecretReader {
public:
    explicit SecretReader(const SecretSource& source) : source_(source) {}

    // `what` names the secret in messages ("the API key"), `prompt` asks for it at the terminal.
    client::SecretText secret(std::string_view what, std::string_view prompt);
    client::SecretText passphrase(std::string_view what, std::string_view prompt);
    // One that is chosen now: a weak one is warned of; asked for twice at the terminal.
    client::SecretText new_passphrase(std::string_view what, std::string_view prompt);

private:
    client::SecretText next_line(std::string_view what);

    const SecretSource& source_;
    client::SecretText input_;  // of standard input, read and not yet handed out
};

// A whole file, a link to it followed, of at most 1 MiB. It must be a regular file of this user, of root or
// of who became root by sudo; throws UsageError otherwise.
struct SecretFile {
    client::SecretText text;
    mode_t mode = 0;  // its permissions: who else may have read it
};
SecretFile read_secret_file(const std::filesystem::path& path);

// The first line of a file that only its owner (this user or root) can read.
client::SecretText read_passphrase_file(const std::filesystem::path& path);

// A sentence on how good a new passphrase is, by its length and number of words; empty where there is nothing
// to say.
std::string_view strength_hint(std::string_view passphrase);

}  // namespace krakken::ctl
