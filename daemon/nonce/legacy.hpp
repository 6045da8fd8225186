#pragma once

// Nonces of the programs that used the keys before krakkend: their files, and what their numbers mean. A
// number becomes a floor, above which the key's nonces go on. Reading blocks for as long as the disk does:
// not for the event loop's thread.

#include "base/types.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace krakken::nonce {

// One decimal number, white space around it allowed, in a regular file of at most 64 bytes; links are not
// followed. Errors: invalid_params with details "reason" ("missing", "unreadable", "number") and a sentence
// that names the path and what is wrong.
protocol::Result<std::uint64_t> read_legacy_file(const std::filesystem::path& path);

struct LegacyNonces {
    std::map<base::AccountName, std::uint64_t> floors;
    std::vector<std::string> warnings;  // sentences: what was ignored, and why
};

// kraken_nonce.txt (account master) and kraken_nonce_<account>.txt (its name folded). Where two files mean
// one account the higher number counts.
LegacyNonces read_legacy_folder(const std::filesystem::path& folder);

// The coarsest unit in which `floor` is not more than a day ahead of the clock, so that nonces of that unit
// soon follow the clock again. Error: invalid_params, reason "absurd": there is none; a key raised that far
// would be spoilt for every program.
protocol::Result<base::NonceUnit> unit_of_floor(std::uint64_t floor, base::Time now);

}  // namespace krakken::nonce
