#include "app/configuration.hpp"

#include "protocol/nearest_name.hpp"
#include "protocol/version.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <optional>

namespace krakken::app {

namespace {

// What is wrong with a value, empty when nothing is.
using Complaint = std::optional<std::string>;

Complaint read_text(const toml::node& node, std::string& target) {
    if (!node.is_string()) return "must be a string";
    target = node.as_string()->get();
    return std::nullopt;
}

Complaint read_flag(const toml::node& node, bool& target) {
    if (!node.is_boolean()) return "must be true or false";
    target = node.as_boolean()->get();
    return std::nullopt;
}

template <class Number>
Complaint read_number(const toml::node& node, Number& target, std::int64_t least, std::int64_t most) {
    const auto complaint = fmt::format("must be a whole number from {} to {}", least, most);
    if (!node.is_integer()) return complaint;
    const std::int64_t value = node.as_integer()->get();
    if (value < least || value > most) return complaint;
    target = static_cast<Number>(value);
    return std::nullopt;
}

Complaint read_milliseconds(const toml::node& node, std::chrono::milliseconds& target) {
    std::int64_t value = 0;
    auto complaint = read_number(node, value, 1, 600'000);
    if (!complaint) target = std::chrono::milliseconds(value);
    return complaint;
}

// One of a few words; `words` is shown as it stands.
Complaint read_choice(
    const toml::node& node, std::string& target, std::initializer_list<std::string_view> words
) {
    std::string value;
    if (auto complaint = read_text(node, value)) return complaint;
    if (std::ranges::find(words, value) == words.end())
        return fmt::format("must be one of: {}", fmt::join(words, ", "));
    target = value;
    return std::nullopt;
}

Complaint read_kdf(const toml::node& node, keeper::KdfCost& target) {
    std::string word;
    if (auto complaint = read_choice(node, word, {"interactive", "moderate", "sensitive"})) return complaint;
    target = word == "interactive" ? keeper::KdfCost::interactive
             : word == "moderate"  ? keeper::KdfCost::moderate
                                   : keeper::KdfCost::sensitive;
    return std::nullopt;
}

// May be empty: no account is the default.
Complaint read_account_name(const toml::node& node, std::string& target) {
    if (auto complaint = read_text(node, target)) return complaint;
    if (target.empty() || base::AccountName::parse(target)) return std::nullopt;
    return "must be 1 to 64 characters of a-z, 0-9, _ and -";
}

Complaint read_base_url(const toml::node& node, std::string& target) {
    if (auto complaint = read_text(node, target)) return complaint;
    if (!target.starts_with("https://")) return "must begin with https://";
    if (target.size() == 8) return "must name a host";
    if (target.find_first_of("/?#", 8) != std::string::npos)
        return "must end after host and port, without path or query";
    return std::nullopt;
}

// What would break out of its header.
Complaint read_user_agent(const toml::node& node, std::string& target) {
    if (auto complaint = read_text(node, target)) return complaint;
    if (std::ranges::none_of(target, [](unsigned char c) { return c < ' ' || c == 0x7f; }))
        return std::nullopt;
    return "must not have line breaks or other control characters";
}

struct Key {
    std::string_view path;  // section and name, joined by a dot
    Complaint (*read)(const toml::node& node, Configuration& configuration);
};

using Node = const toml::node&;
using Target = Configuration&;

constexpr auto keys = std::to_array<Key>({
    {"region", [](Node node, Target c) { return read_text(node, c.profile.region); }},
    {"default_account", [](Node node, Target c) { return read_account_name(node, c.default_account); }},
    {"capabilities.supports_margin",
     [](Node node, Target c) { return read_flag(node, c.profile.supports_margin); }},
    {"capabilities.supports_futures",
     [](Node node, Target c) { return read_flag(node, c.profile.supports_futures); }},
    {"capabilities.supports_staking",
     [](Node node, Target c) { return read_flag(node, c.profile.supports_staking); }},
    {"kraken.base_url", [](Node node, Target c) { return read_base_url(node, c.base_url); }},
    {"kraken.ca_file", [](Node node, Target c) { return read_text(node, c.ca_file); }},
    {"kraken.connect_timeout_ms",
     [](Node node, Target c) { return read_milliseconds(node, c.connect_timeout); }},
    {"kraken.request_timeout_ms",
     [](Node node, Target c) { return read_milliseconds(node, c.request_timeout); }},
    {"kraken.user_agent", [](Node node, Target c) { return read_user_agent(node, c.user_agent); }},
    {"socket.client_group", [](Node node, Target c) { return read_text(node, c.client_group); }},
    {"socket.max_clients", [](Node node, Target c) { return read_number(node, c.max_clients, 1, 100'000); }},
    {"vault.kdf", [](Node node, Target c) { return read_kdf(node, c.kdf); }},
    {"vault.key_file", [](Node node, Target c) { return read_text(node, c.key_file); }},
    {"nonce.legacy_dir", [](Node node, Target c) { return read_text(node, c.legacy_dir); }},
    {"rate.model", [](Node node, Target c) { return read_choice(node, c.rate_model, {"kraken", "off"}); }},
    {"retry.max_attempts", [](Node node, Target c) { return read_number(node, c.retry.max_attempts, 1, 20); }
    },
    {"retry.base_delay_ms", [](Node node, Target c) { return read_milliseconds(node, c.retry.base_delay); }},
    {"retry.max_delay_ms", [](Node node, Target c) { return read_milliseconds(node, c.retry.max_delay); }},
    {"log.level",
     [](Node node, Target c) {
         return read_choice(node, c.log_level, {"trace", "debug", "info", "warn", "error"});
     }},
    {"log.format", [](Node node, Target c) { return read_choice(node, c.log_format, {"text", "json"}); }},
});

Complaint read_account_key(std::string_view name, const toml::node& node, AccountConfiguration& account) {
    if (name == "nonce_unit") return read_choice(node, account.nonce_unit, {"auto", "us", "10ns", "ns"});
    std::string tier;
    if (auto complaint = read_choice(node, tier, {"starter", "intermediate", "pro"})) return complaint;
    account.tier = *base::parse_tier(tier);
    return std::nullopt;
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

    Complaint read_value(const std::string& path, const toml::node& node) {
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
            if (!base::AccountName::parse(name.str())) {
                return at(node, path + ": an account's name is 1 to 64 characters of a-z, 0-9, _ and -");
            }
            AccountConfiguration& account = configuration_.accounts[std::string(name.str())];
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

    Complaint unknown(const std::string& path, const toml::node& node, const std::vector<std::string>& known)
        const {
        return at(
            node,
            fmt::format(
                "there is no setting {}; the nearest is {}", path, protocol::nearest_name(path, known)
            )
        );
    }

    std::string at(const toml::node& node, std::string_view complaint) const {
        return fmt::format("{}:{}: {}", file_.string(), node.source().begin.line, complaint);
    }

    static std::vector<std::string> known_paths() {
        std::vector<std::string> paths{"accounts"};
        for (const Key& key : keys) {
            paths.emplace_back(key.path);
            // And its section, which may be what was misspelt.
            if (const auto dot = key.path.find('.'); dot != std::string_view::npos)
                paths.emplace_back(key.path.substr(0, dot));
        }
        return paths;
    }

    const std::filesystem::path& file_;
    Configuration& configuration_;
};

}  // namespace

std::expected<Configuration, std::string> read_configuration(const std::filesystem::path& file) {
    Configuration configuration;
    struct stat found{};
    if (::stat(file.c_str(), &found) != 0) {
        if (errno == ENOENT) return configuration;
        return std::unexpected(
            fmt::format("{} cannot be read; see that the daemon's user may read it", file.string())
        );
    }
    if (!S_ISREG(found.st_mode))
        return std::unexpected(fmt::format("{} is no file; move it away", file.string()));
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return std::unexpected(fmt::format("{0} can be written by others; run: chmod go-w {0}", file.string())
        );
    }
    try {
        const toml::table table = toml::parse_file(file.string());
        if (auto complaint = Reader(file, configuration).read(table, "")) return std::unexpected(*complaint);
    } catch (const toml::parse_error& error) {
        return std::unexpected(
            fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description())
        );
    }
    return configuration;
}

std::vector<std::string> settings_without_effect(const Configuration& configuration) {
    std::vector<std::string> settings;
    if (!configuration.legacy_dir.empty()) settings.emplace_back("nonce.legacy_dir");
    for (const auto& [name, account] : configuration.accounts)
        settings.push_back("accounts." + name);
    return settings;
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

}  // namespace krakken::app
