#include "nonce/legacy.hpp"

#include "base/files.hpp"
#include "nonce/sequence.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace krakken::nonce {

namespace fs = std::filesystem;
using protocol::Error;
using protocol::ErrorCode;
using protocol::Result;

namespace {

constexpr std::size_t max_size = 64;    // 20 digits and whatever an editor left around them
constexpr std::size_t most_named = 20;  // of the files that are not used
constexpr std::string_view white_space = " \t\r\n";
constexpr std::string_view digits = "0123456789";

std::unexpected<Error> refuse(const fs::path& path, const char* reason, std::string_view what) {
    return std::unexpected(
        protocol::make_error(ErrorCode::invalid_params, fmt::format("nonce file {} {}", path.string(), what))
            .with("reason", reason)
            .with_remedy(
                "name a file that holds nothing but the last nonce, or delete it if the key was never used "
                "elsewhere"
            )
    );
}

std::unexpected<Error> cannot_read(const fs::path& path, int error) {
    if (error == ENOENT) return refuse(path, "missing", "is not there");
    if (error == ELOOP) return refuse(path, "unreadable", "is a link, which is not followed");
    return refuse(
        path, "unreadable", "cannot be read: " + std::error_code(error, std::generic_category()).message()
    );
}

// A link is not followed, because whoever can write to the folder could point it at a file that only we may
// read and learn from the answer what it looks like. Not blocking, because opening a fifo would wait for a
// writer for ever; what is no regular file is refused before a byte is read.
Result<std::string> read_text(const fs::path& path) {
    const base::Descriptor file(
        ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)
    );
    if (!file) return cannot_read(path, errno);
    struct stat status{};
    if (::fstat(file.number(), &status) != 0) return cannot_read(path, errno);
    if (!S_ISREG(status.st_mode)) return refuse(path, "unreadable", "is not a regular file");
    std::string text(max_size + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t count = ::read(file.number(), text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return cannot_read(path, errno);
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    text.resize(size);
    if (size > max_size) return refuse(path, "number", "is longer than 64 bytes");
    return text;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

// The account that a file's name stands for; empty if it is no nonce file. A name that stands for none comes
// back as an error.
std::optional<Result<base::AccountName>> account_of(const fs::path& path) {
    constexpr std::string_view stem = "kraken_nonce";
    constexpr std::string_view ending = ".txt";
    const std::string file = path.filename().string();
    std::string_view name = file;
    if (!name.starts_with(stem) || !name.ends_with(ending)) return std::nullopt;
    name.remove_prefix(stem.size());
    name.remove_suffix(ending.size());
    if (name.empty()) return base::AccountName::parse("master").value();
    if (!name.starts_with('_')) return std::nullopt;
    const auto account = base::AccountName::folded(name.substr(1));
    if (!account) return refuse(path, "number", "names no account");
    return *account;
}

}  // namespace

Result<std::uint64_t> read_legacy_file(const fs::path& path) {
    const auto text = read_text(path);
    if (!text) return std::unexpected(text.error());
    const std::string_view number = trimmed(*text);
    if (number.empty()) return refuse(path, "number", "is empty");
    if (number.find_first_not_of(digits) != std::string_view::npos) {
        return refuse(path, "number", "does not hold one decimal number");
    }
    std::uint64_t value = 0;
    const auto problem = std::from_chars(number.data(), number.data() + number.size(), value).ec;
    if (problem != std::errc() || value > highest_nonce) {
        return refuse(path, "number", "holds a number above 2^63 - 1, the highest nonce");
    }
    return value;
}

LegacyNonces read_legacy_folder(const fs::path& folder) {
    LegacyNonces found;
    std::error_code problem;
    std::vector<fs::path> files;
    for (fs::directory_iterator entry(folder, problem); !problem && entry != fs::directory_iterator();
         entry.increment(problem))
        files.push_back(entry->path());
    if (problem) {
        found.warnings.push_back(fmt::format(
            "the folder of old nonce files {} cannot be read: {}", folder.string(), problem.message()
        ));
        return found;
    }
    std::ranges::sort(files);
    std::size_t not_used = 0;
    for (const fs::path& file : files) {
        const auto account = account_of(file);
        if (!account) continue;
        const auto value = *account ? read_legacy_file(file) : std::unexpected(account->error());
        if (!value) {
            if (++not_used <= most_named) found.warnings.push_back(value.error().message);
            continue;
        }
        std::uint64_t& floor = found.floors[**account];
        floor = std::max(floor, *value);
    }
    if (not_used > most_named)
        found.warnings.push_back(fmt::format(
            "{} more nonce files in {} are not used either", not_used - most_named, folder.string()
        ));
    return found;
}

Result<base::NonceUnit> unit_of_floor(std::uint64_t floor, base::Time now) {
    using enum base::NonceUnit;
    for (const base::NonceUnit unit : {microseconds, ten_nanoseconds, nanoseconds}) {
        if (floor <= ticks(now + std::chrono::hours(24), unit)) return unit;
    }
    return std::unexpected(
        protocol::make_error(
            ErrorCode::invalid_params,
            fmt::format(
                "the nonce {} is more than a day ahead of the clock even in nanoseconds, so it was ignored",
                floor
            )
        )
            .with("reason", "absurd")
            .with_remedy(
                "check the number and this machine's clock; if Kraken has really seen it, make a new key "
                "there"
            )
    );
}

}  // namespace krakken::nonce
