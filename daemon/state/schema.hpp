#pragma once

// How state.db is opened, checked and brought to the version of this program. Everything that can be wrong
// with the file is found here, before anybody relies on it.

#include "protocol/error.hpp"
#include "sqlite.hpp"

#include <filesystem>
#include <string>

namespace krakken::state {

// Opens or creates `folder`/state.db: a regular file of ours, 0600, locked against every other process,
// checked, migrated and durable together with its name. Errors: storage, with a remedy.
protocol::Result<Database> open_database(const std::filesystem::path& folder);

// A storage error with its remedy.
protocol::Error storage_error(std::string sentence, std::string remedy);

}  // namespace krakken::state
