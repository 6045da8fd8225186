#include "app/configuration.hpp"

#include "base/files.hpp"
#include "protocol/nearest_name.hpp"
#include "protocol/version.hpp"
#include "setting_values.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

namespace krakken::app {

namespace {

constexpr std::size_t max_size = std::size_t{1} << 20;  // of the file, in bytes

// When a changed setting is followed.
enum class Follows { at_once, at_start };

struct Key {
    std::string_view path;  // section and name, joined by a dot
    Follows follows;
    Complaint (*read)(Node node, Configuration& configuration);
    bool (*same)(const Configuration& left, const Configuration& right);
};

// `reader` reads a node into the value to which Place leads.
template <auto reader, class Place>
constexpr Key key(std::string_view path, Follows follows, Place) {
    return {
        path,
        follows,
        [](Node node, Configuration& c) { return reader(node, Place{}(c)); },
        [](const Configuration& left, const Configuration& right) { return Place{}(left) == Place{}(right); }
    };
}

using enum Follows;

// All there are, but for those of single accounts.
constexpr auto keys = std::to_array<Key>({
    key<read_text>("region", at_once, [](auto& c) -> auto& { return c.profile.region; }),
    key<read_account_name>("default_account", at_once, [](auto& c) -> auto& { return c.default_account; }),
    key<read_flag>(
        "capabilities.supports_margin", at_once, [](auto& c) -> auto& { return c.profile.supports_margin; }
    ),
    key<read_flag>(
        "capabilities.supports_futures", at_once, [](auto& c) -> auto& { return c.profile.supports_futures; }
    ),
    key<read_flag>(
        "capabilities.supports_staking", at_once, [](auto& c) -> auto& { return c.profile.supports_staking; }
    ),
    key<read_base_url>("kraken.base_url", at_start, [](auto& c) -> auto& { return c.base_url; }),
    key<read_text>("kraken.ca_file", at_start, [](auto& c) -> auto& { return c.ca_file; }),
    key<read_milliseconds>(
        "kraken.connect_timeout_ms", at_start, [](auto& c) -> auto& { return c.connect_timeout; }
    ),
    key<read_milliseconds>(
        "kraken.request_timeout_ms", at_start, [](auto& c) -> auto& { return c.request_timeout; }
    ),
    key<read_user_agent>("kraken.user_agent", at_start, [](auto& c) -> auto& { return c.user_agent; }),
    key<read_text>("socket.client_group", at_start, [](auto& c) -> auto& { return c.client_group; }),
    key<read_within<1, 100'000>>(
        "socket.max_clients", at_start, [](auto& c) -> auto& { return c.max_clients; }
    ),
    key<read_listen>("gateway.listen", at_start, [](auto& c) -> auto& { return c.listen; }),
    key<read_flag>("gateway.tls", at_start, [](auto& c) -> auto& { return c.tls; }),
    key<read_kdf>("vault.kdf", at_start, [](auto& c) -> auto& { return c.kdf; }),
    key<read_text>("vault.key_file", at_start, [](auto& c) -> auto& { return c.key_file; }),
    key<read_text>("nonce.legacy_dir", at_start, [](auto& c) -> auto& { return c.legacy_dir; }),
    key<read_rate_model>("rate.model", at_once, [](auto& c) -> auto& { return c.rate_model; }),
    key<read_within<1, 20>>(
        "retry.max_attempts", at_once, [](auto& c) -> auto& { return c.retry.max_attempts; }
    ),
    key<read_milliseconds>(
        "retry.base_delay_ms", at_once, [](auto& c) -> auto& { return c.retry.base_delay; }
    ),
    key<read_milliseconds>("retry.max_delay_ms", at_once, [](auto& c) -> auto& { return c.retry.max_delay; }),
    key<read_tag>("placement.tag", at_once, [](auto& c) -> auto& { return c.placement.tag; }),
    key<read_within<2, 60>>(
        "placement.deadline_s", at_once, [](auto& c) -> auto& { return c.placement.deadline; }
    ),
    key<read_within<1, 600>>(
        "placement.settle_s", at_once, [](auto& c) -> auto& { return c.placement.shown_after; }
    ),
    key<read_log_level>("log.level", at_once, [](auto& c) -> auto& { return c.log_level; }),
    key<read_log_format>("log.format", at_once, [](auto& c) -> auto& { return c.log_format; }),
});

Complaint read_account_key(std::string_view name, Node node, account::AccountOptions& account) {
    return name == "tier" ? read_tier(node, account.tier) : read_nonce_unit(node, account.nonce_unit);
}

class Reader {
public:
    Reader(const std::filesystem::path& file, Configuration& configuration)
        : file_(file), configuration_(configuration) {}

    // Reads a table and those within it; the first complaint ends it.
    Complaint read(const toml::table& table, const std::string& section) {
        for (const auto& [name, node] : table) {
            const std::string path = section + std::string(name.str());
            if (path == "accounts" && node.is_table()) {
                if (auto complaint = read_accounts(*node.as_table())) return complaint;
            } else if (is_section(path) && node.is_table()) {
                if (auto complaint = read(*node.as_table(), path + '.')) return complaint;
            } else if (auto complaint = read_value(path, node)) {
                return complaint;
            }
        }
        return std::nullopt;
    }

private:
    static bool is_section(const std::string& path) {
        return std::ranges::any_of(keys, [&](const Key& key) { return key.path.starts_with(path + '.'); });
    }

    Complaint read_value(const std::string& path, Node node) {
        if (is_section(path) || path == "accounts") return at(node, path + " must be a table");
        const auto key = std::ranges::find(keys, path, &Key::path);
        if (key == keys.end()) return unknown(path, node, known_paths());
        if (auto complaint = key->read(node, configuration_))
            return at(node, fmt::format("{} {}", path, *complaint));
        return std::nullopt;
    }

    Complaint read_accounts(const toml::table& accounts) {
        for (const auto& [name, node] : accounts) {
            const std::string path = "accounts." + std::string(name.str());
            if (!node.is_table()) return at(node, path + " must be a table");
            const auto account_name = base::AccountName::parse(name.str());
            if (!account_name) {
                return at(node, path + ": an account's name is 1 to 64 characters of a-z, 0-9, _ and -");
            }
            account::AccountOptions& account = configuration_.accounts[*account_name];
            for (const auto& [key, value] : *node.as_table()) {
                const std::string full = path + '.' + std::string(key.str());
                if (key.str() != "tier" && key.str() != "nonce_unit")
                    return unknown(full, value, {path + ".tier", path + ".nonce_unit"});
                if (auto complaint = read_account_key(key.str(), value, account)) {
                    return at(value, fmt::format("{} {}", full, *complaint));
                }
            }
        }
        return std::nullopt;
    }

    Complaint unknown(const std::string& path, Node node, const std::vector<std::string>& known) const {
        return at(
            node,
            fmt::format(
                "there is no setting {}; the nearest is {}", path, protocol::nearest_name(path, known)
            )
        );
    }

    std::string at(Node node, std::string_view complaint) const {
        return fmt::format("{}:{}: {}", file_.string(), node.source().begin.line, complaint);
    }

    // With the sections, which may be what was misspelt.
    static std::vector<std::string> known_paths() {
        std::vector<std::string> paths = setting_names();
        for (const Key& key : keys) {
            if (const auto dot = key.path.find('.'); dot != std::string_view::npos)
                paths.emplace_back(key.path.substr(0, dot));
        }
        return paths;
    }

    const std::filesystem::path& file_;
    Configuration& configuration_;
};

// The daemon follows this file, so nobody may write it but root and the daemon's own user. What was judged is
// what is read: one open file. Empty if there is none.
std::expected<std::string, std::string> read_file(const std::filesystem::path& file) {
    const std::string name = file.string();
    // O_NONBLOCK: a fifo must be refused, not waited for.
    const base::Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!opened && errno == ENOENT) {
        // Nothing is there. A link is something, and the defaults are not what it should lead to.
        struct stat link{};
        if (::lstat(file.c_str(), &link) != 0) return "";
        return std::unexpected(fmt::format("{} is a link that leads nowhere; repair or remove it", name));
    }
    struct stat found{};
    if (!opened || ::fstat(opened.number(), &found) != 0)
        return std::unexpected(fmt::format("{} cannot be read; see that the daemon's user may read it", name)
        );
    if (!S_ISREG(found.st_mode)) return std::unexpected(fmt::format("{} is no file; move it away", name));
    if (found.st_uid != ::geteuid() && found.st_uid != 0)
        return std::unexpected(
            fmt::format("{} belongs to uid {}; run: chown {} '{}'", name, found.st_uid, ::geteuid(), name)
        );
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return std::unexpected(fmt::format("{0} can be written by others; run: chmod go-w {0}", name));
    const auto bytes = base::read_all(opened.number(), file, max_size);
    if (!bytes) return std::unexpected(bytes.error().message);
    return std::string(bytes->begin(), bytes->end());
}

// What the parser says, without a number that it could not read: that may be a passphrase of digits that
// lacks its quotes, and this sentence goes to the log.
std::string complaint_of(const toml::parse_error& error) {
    std::string text(error.description());
    const auto quoted = text.find(": '");
    if (quoted == std::string::npos) return text;
    const auto begin = quoted + 2;
    return text.replace(begin, text.rfind('\'') + 1 - begin, "the number");
}

}  // namespace

std::vector<std::string> setting_names() {
    std::vector<std::string> names{"accounts"};
    for (const Key& key : keys)
        names.emplace_back(key.path);
    return names;
}

std::expected<Configuration, std::string> read_configuration(const std::filesystem::path& file) {
    const auto text = read_file(file);
    if (!text) return std::unexpected(text.error());
    Configuration configuration;
    try {
        const toml::table table = toml::parse(*text, file.string());
        if (auto complaint = Reader(file, configuration).read(table, "")) return std::unexpected(*complaint);
    } catch (const toml::parse_error& error) {
        return std::unexpected(
            fmt::format("{}:{}: {}", file.string(), error.source().begin.line, complaint_of(error))
        );
    }
    return configuration;
}

std::vector<std::string> need_restart(const Configuration& running, const Configuration& wanted) {
    std::vector<std::string> settings;
    for (const Key& key : keys) {
        if (key.follows == at_start && !key.same(running, wanted)) settings.emplace_back(key.path);
    }
    return settings;
}

std::filesystem::path start_key_file(
    const Configuration& configuration, const protocol::Environment& environment
) {
    if (!configuration.key_file.empty()) return configuration.key_file;
    const std::string credentials = environment("CREDENTIALS_DIRECTORY");
    if (credentials.empty()) return {};
    const std::filesystem::path file = std::filesystem::path(credentials) / "vault-key";
    std::error_code unknown;
    return std::filesystem::exists(file, unknown) ? file : std::filesystem::path();
}

LogSettings log_settings(const Configuration& configuration, const std::string& level) {
    return {level.empty() ? configuration.log_level : level, configuration.log_format};
}

net::UpstreamSettings upstream_settings(const Configuration& configuration) {
    net::UpstreamSettings settings;
    settings.base_url = configuration.base_url;
    settings.ca_file = configuration.ca_file;
    settings.user_agent = configuration.user_agent;
    if (settings.user_agent.empty()) settings.user_agent = "krakkend/" + std::string(protocol::version);
    settings.connect_timeout = configuration.connect_timeout;
    return settings;
}

gate::ServerSettings server_settings(
    const Configuration& configuration, const protocol::Paths& paths, std::optional<gid_t> client_group
) {
    gate::ServerSettings settings{paths, client_group, configuration.max_clients};
    if (configuration.listen)
        settings.gateway = {
            .listen = *configuration.listen, .tls = configuration.tls, .folder = paths.state_dir / "gateway"
        };
    return settings;
}

account::AccountSettings account_settings(
    const Configuration& configuration, std::map<base::AccountName, std::uint64_t> legacy_nonces
) {
    return {
        .default_account = configuration.default_account,
        .validation_timeout = configuration.request_timeout,
        .retry = configuration.retry,
        .rate_model = configuration.rate_model != "off",
        .placement = configuration.placement,
        .accounts = configuration.accounts,
        .legacy_nonces = std::move(legacy_nonces)
    };
}

}  // namespace krakken::app
