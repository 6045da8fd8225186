#include "vault_store.hpp"

#include "protocol/platform.hpp"
#include "vault_crypto.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace krakken::keeper {

using base::Bytes;
using base::StrictFolder;
using protocol::ErrorCode;
using protocol::Result;
using ConstBytes = std::span<const unsigned char>;

namespace {

constexpr std::size_t previous_versions = 3;

std::unexpected<protocol::Error> refuse(const char* reason, std::string message, std::string remedy) {
    return std::unexpected(protocol::make_error(ErrorCode::vault, std::move(message))
                               .with("reason", reason)
                               .with_remedy(std::move(remedy)));
}

bool is_missing(const protocol::Error& error) {
    const auto* reason = error.details.if_contains("reason");
    return reason != nullptr && *reason == "missing";
}

// The epoch of a previous version, from its file name.
std::optional<std::uint64_t> epoch_of(std::string_view name, std::string_view vault_name) {
    constexpr std::string_view suffix = ".bak";
    if (!name.starts_with(vault_name) || !name.ends_with(suffix)) return std::nullopt;
    if (name.size() <= vault_name.size() + 1 + suffix.size()) return std::nullopt;
    const std::string_view digits =
        name.substr(vault_name.size() + 1, name.size() - vault_name.size() - 1 - suffix.size());
    std::uint64_t epoch = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), epoch);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return epoch;
}

std::string previous_name(std::string_view vault_name, std::uint64_t epoch) {
    return fmt::format("{}.{}.bak", vault_name, epoch);
}

// Removes what is older than the previous versions to keep, and what interrupted saves left behind.
Result<void> tidy(const StrictFolder& folder, const std::string& vault_name) {
    std::vector<std::uint64_t> epochs;
    for (const std::string& name : folder.names()) {
        if (const auto epoch = epoch_of(name, vault_name)) epochs.push_back(*epoch);
        if (!name.starts_with('.' + vault_name + '.') || !name.ends_with(".tmp")) continue;
        if (auto removed = folder.remove(name); !removed) return removed;
    }
    std::ranges::sort(epochs, std::ranges::greater{});
    for (std::size_t i = previous_versions; i < epochs.size(); ++i) {
        if (auto removed = folder.remove(previous_name(vault_name, epochs[i])); !removed) return removed;
    }
    return {};
}

Result<void> put(const StrictFolder& folder, const std::string& name, ConstBytes image) {
    // The image was opened with its key before it came here: equal bytes can be opened again.
    return folder.replace(name, image, [&](ConstBytes again) { return std::ranges::equal(again, image); });
}

Result<void> sync_folder_of(const std::filesystem::path& file) {
    const auto absolute = std::filesystem::absolute(file).parent_path();
    const base::Descriptor folder(open(absolute.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder && protocol::sync_to_disk(folder.number())) return {};
    return std::unexpected(
        protocol::make_error(
            ErrorCode::storage,
            fmt::format("{} cannot be synced, and the vault stays as it was", absolute.string())
        )
            .with_remedy("choose a folder on another disk, or look at the system's log for what this one has")
    );
}

}  // namespace

Result<Bytes> load_vault(const std::filesystem::path& vault_file) {
    const auto folder = StrictFolder::open(vault_file.parent_path());
    auto bytes = folder ? folder->read(vault_file.filename().string(), max_vault_bytes)
                        : Result<Bytes>(std::unexpected(folder.error()));
    if (!bytes && is_missing(bytes.error()))
        return refuse(
            "missing", fmt::format("there is no vault yet ({})", vault_file.string()), "run: krakkenctl setup"
        );
    return bytes;
}

Result<void> create_vault(const std::filesystem::path& vault_file, ConstBytes image) {
    const std::string name = vault_file.filename().string();
    const auto folder = StrictFolder::open_or_make(vault_file.parent_path());
    if (!folder) return std::unexpected(folder.error());
    const auto exists = folder->check(name);
    if (!exists) return std::unexpected(exists.error());
    if (*exists)
        return refuse(
            "exists",
            fmt::format("there is a vault already ({})", vault_file.string()),
            "unlock it, or move that file away"
        );
    return put(*folder, name, image);
}

Result<void> save_vault(
    const std::filesystem::path& vault_file, ConstBytes loaded, std::uint64_t loaded_epoch, ConstBytes image
) {
    const std::string name = vault_file.filename().string();
    const auto folder = StrictFolder::open(vault_file.parent_path());
    if (!folder) return std::unexpected(folder.error());
    const auto current = folder->read(name, max_vault_bytes);
    if (!current && !is_missing(current.error())) return std::unexpected(current.error());
    if (!current || !std::ranges::equal(*current, loaded))
        return refuse(
            "changed",
            fmt::format(
                "{} was changed by somebody else since it was opened; nothing was saved", vault_file.string()
            ),
            "run: krakkenctl lock; look at that file; run: krakkenctl unlock"
        );
    if (auto kept = put(*folder, previous_name(name, loaded_epoch), loaded); !kept) return kept;
    if (auto saved = put(*folder, name, image); !saved) return saved;
    // The save is done; what could not be tidied now is tidied after the next one.
    (void)tidy(*folder, name);
    return {};
}

Result<base::SecretBytes> read_key_file(const std::filesystem::path& file) {
    const std::string name = file.string();
    const base::Descriptor opened(open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!opened && errno == ENOENT)
        return refuse(
            "unreadable",
            fmt::format("the key file {} does not exist", name),
            "name the right file, or make one: krakkenctl vault add-key-file PATH"
        );
    struct stat status{};
    if (!opened || fstat(opened.number(), &status) != 0 || !S_ISREG(status.st_mode))
        return refuse(
            "unreadable",
            fmt::format("the key file {} cannot be read, or is a link", name),
            fmt::format("name the file itself, and let uid {} read it", geteuid())
        );
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return refuse(
            "owner",
            fmt::format("the key file {} belongs to uid {}", name, status.st_uid),
            fmt::format("run: chown {} '{}'", geteuid(), name)
        );
    const mode_t forbidden = status.st_uid == geteuid() ? 0077 : 0027;
    if ((status.st_mode & forbidden) != 0)
        return refuse(
            "mode",
            fmt::format("others can read the key file {}", name),
            fmt::format("run: chmod 0600 '{}'", name)
        );

    // Straight into protected memory; one byte more than wanted tells a longer file.
    base::SecretBytes bytes(key_bytes + 1);
    const ssize_t count = bytes.fill([&](std::span<unsigned char> target) {
        return read(opened.number(), target.data(), target.size());
    });
    if (count != static_cast<ssize_t>(key_bytes))
        return refuse(
            "unreadable",
            fmt::format("the key file {} has not {} bytes", name, key_bytes),
            "name the right file, or make one: krakkenctl vault add-key-file PATH"
        );
    return bytes.use([](ConstBytes all) { return base::SecretBytes::copy_of(all.first(key_bytes)); });
}

Result<void> make_key_file(const std::filesystem::path& file, const base::SecretBytes& file_key) {
    const base::Descriptor made(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)
    );
    if (!made && errno == EEXIST)
        return refuse("exists", fmt::format("{} exists already", file.string()), "choose another name");
    if (!made)
        return std::unexpected(protocol::make_error(
                                   ErrorCode::storage,
                                   fmt::format(
                                       "{} cannot be made, and the vault stays as it was: {}",
                                       file.string(),
                                       std::generic_category().message(errno)
                                   )
        )
                                   .with_remedy(fmt::format(
                                       "choose a folder that exists and that uid {} may write to", geteuid()
                                   )));
    auto written =
        file_key.use([&](ConstBytes bytes) { return base::write_all(made.number(), file, bytes); });
    if (written) written = sync_folder_of(file);
    if (!written) unlink(file.c_str());
    return written;
}

}  // namespace krakken::keeper
