#pragma once

// Reads and replaces the daemon's config.toml on behalf of whoever runs krakkenctl.

#include <sys/types.h>

#include <expected>
#include <filesystem>
#include <optional>
#include <string>

namespace krakken::ctl {

// What the file says; nothing: there is none. The error says why it cannot be read.
std::expected<std::optional<std::string>, std::string> read_config(const std::filesystem::path& path);

// Makes `text` the content of the file, all of it or nothing: a link is followed, owner and mode of an
// existing file stay. A new file, and its folder where that is missing, can be read by the daemon (uid
// `daemon`) and be written by its owner alone. The error says why nothing has changed.
std::expected<void, std::string> replace_config(
    const std::filesystem::path& path, const std::string& text, uid_t daemon
);

}  // namespace krakken::ctl
