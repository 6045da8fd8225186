#include "secrets.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <system_error>

#include "arguments.hpp"
#include "protocol/descriptor.hpp"
#include "protocol/environment.hpp"
#include "protocol/json_text.hpp"
#include "report.hpp"
#include "table.hpp"
#include "terminal.hpp"

namespace krakken::ctl {

namespace {

using client::SecretText;

constexpr std::size_t short_passphrase = 12;
constexpr std::size_t good_passphrase = 20;
constexpr std::ptrdiff_t good_words = 4;
constexpr std::size_t max_secret = 4096;
constexpr std::size_t piece = 512;
constexpr std::size_t max_secret_file = std::size_t{1} << 20U;

struct OpenFile {
    protocol::Descriptor descriptor;
    struct stat about{};
};

// `name` is what messages call it.
OpenFile open_file(const std::filesystem::path& path, const std::string& name) {
    OpenFile file{
        .descriptor = protocol::Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)),
        .about = {},
    };
    if (file.descriptor && fstat(file.descriptor.number(), &file.about) == 0) return file;
    const int error = errno;
    throw UsageError("cannot open " + name + ": " + std::generic_category().message(error));
}

bool is_ours(uid_t owner) {
    return owner == geteuid() || owner == 0;
}

// sudo sets the variable, and only who became root has a use for it.
bool is_of_sudo_user(uid_t owner) {
    return geteuid() == 0 && protocol::process_environment("SUDO_UID") == std::to_string(owner);
}

// Puts what is read next behind the text; false at the end.
bool read_piece(int descriptor, SecretText& text) {
    for (;;) {
        const std::span<char> space = text.space(piece);
        const ssize_t got = read(descriptor, space.data(), space.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw UsageError("cannot read: " + std::generic_category().message(errno));
        text.filled(static_cast<std::size_t>(got));
        return got > 0;
    }
}

// Takes the first line out of `input`, reading more of it as needed; false at an end without any text.
bool take_line(int descriptor, SecretText& input, SecretText& line) {
    std::size_t end = 0;
    while ((end = input.view().find('\n')) == std::string_view::npos) {
        if (input.size() > max_secret) throw UsageError("a secret is longer than 4096 characters");
        if (!read_piece(descriptor, input)) break;
    }
    const bool ended = end == std::string_view::npos;
    if (ended && input.empty()) return false;
    std::string_view text = input.view().substr(0, end);
    if (text.ends_with('\r')) text.remove_suffix(1);
    line.append(text);
    input.drop_front(ended ? input.size() : end + 1);
    return true;
}

SecretText checked(SecretText secret, std::string_view what) {
    if (secret.empty()) throw UsageError(std::string(what) + " is empty");
    if (!protocol::is_utf8(secret.view())) throw UsageError(std::string(what) + " is not UTF-8 text");
    return secret;
}

// Said once; the secret is wiped after use all the same.
void warn_of_swapping() {
    static bool said = false;
    if (said || SecretText::locked_in_memory()) return;
    said = true;
    print_error(
        "Warning: this memory cannot be locked, so the secret could reach the swap space.\n"
        "  What to do: allow more locked memory (ulimit -l), or encrypt the swap space\n"
    );
}

std::ptrdiff_t count_words(std::string_view text) {
    std::ptrdiff_t words = 0;
    bool inside = false;
    for (const char c : text) {
        if (c != ' ' && !inside) ++words;
        inside = c != ' ';
    }
    return words;
}

}  // namespace

void add_stdin_option(CLI::App& command, SecretSource& source, const std::string& lines) {
    command.add_flag("--stdin", source.from_stdin, "Read lines: " + lines);
}

void add_passphrase_options(CLI::App& command, SecretSource& source, const std::string& lines) {
    add_stdin_option(command, source, lines);
    command
        .add_option("--passphrase-file", source.passphrase_file, "Its first line; only its owner may read it")
        ->type_name("PATH");
}

SecretText SecretReader::next_line(std::string_view what) {
    SecretText line;
    if (!take_line(STDIN_FILENO, input_, line))
        throw UsageError("standard input ended before " + std::string(what));
    return line;
}

SecretText SecretReader::secret(std::string_view what, std::string_view prompt) {
    SecretText secret = checked(source_.from_stdin ? next_line(what) : ask_secret(prompt), what);
    warn_of_swapping();
    return secret;
}

SecretText SecretReader::passphrase(std::string_view what, std::string_view prompt) {
    if (source_.passphrase_file.empty()) return secret(what, prompt);
    SecretText passphrase = checked(read_passphrase_file(source_.passphrase_file), what);
    warn_of_swapping();
    return passphrase;
}

SecretText SecretReader::new_passphrase(std::string_view what, std::string_view prompt) {
    const bool at_terminal = !source_.from_stdin && source_.passphrase_file.empty();
    for (;;) {
        SecretText first = passphrase(what, prompt);
        if (const auto hint = strength_hint(first.view()); !hint.empty()) print_error(wrap(hint));
        if (!at_terminal) return first;
        if (equal(first, ask_secret("The same again: "))) return first;
        print_error("The two differ. Once more from the start:\n");
    }
}

SecretFile read_secret_file(const std::filesystem::path& path) {
    const std::string name = path.string();
    const OpenFile file = open_file(path, name);
    if (!S_ISREG(file.about.st_mode)) throw UsageError(name + " is not a regular file");
    if (!is_ours(file.about.st_uid) && !is_of_sudo_user(file.about.st_uid))
        throw UsageError(name + " belongs to another user, who knows what is in it");
    SecretFile content{.text = {}, .mode = file.about.st_mode & 07777U};
    while (read_piece(file.descriptor.number(), content.text))
        if (content.text.size() > max_secret_file)
            throw UsageError(name + " is longer than 1 MiB, as no file with keys is");
    warn_of_swapping();
    return content;
}

SecretText read_passphrase_file(const std::filesystem::path& path) {
    const std::string name = "the passphrase file " + path.string();
    const OpenFile file = open_file(path, name);
    if (!S_ISREG(file.about.st_mode))
        throw UsageError(name + " is not a regular file; to read from a pipe use --stdin");
    if (!is_ours(file.about.st_uid))
        throw UsageError(name + " belongs to another user, who knows what is in it");
    if ((file.about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        throw UsageError(name + " can be used by others: chmod 600 " + path.string());
    SecretText input;
    SecretText line;
    if (!take_line(file.descriptor.number(), input, line)) throw UsageError(name + " is empty");
    return line;
}

std::string_view strength_hint(std::string_view passphrase) {
    const std::size_t length = display_width(passphrase);
    if (length < short_passphrase)
        return "Warning: shorter than 12 characters. Whoever gets hold of the vault file can guess that one. "
               "Four or five words that do not belong together are better.";
    const bool one_kind =
        std::ranges::all_of(passphrase, [](unsigned char c) { return std::islower(c) != 0; }) ||
        std::ranges::all_of(passphrase, [](unsigned char c) { return std::isdigit(c) != 0; });
    if (one_kind && length < good_passphrase)
        return "Warning: one word or number is easy to guess for whoever gets hold of the vault file. Four "
               "or "
               "five words that do not belong together are better.";
    if (length >= good_passphrase || count_words(passphrase) >= good_words) return {};
    return "That will do. Longer is better: four or five words that do not belong together.";
}

}  // namespace krakken::ctl
