#pragma once

// Credentials that came with the process's environment. They are taken out of it at once: what is left in
// memory, in /proc/self/environ and for child processes does not hold them.

#include "base/protected_memory.hpp"
#include "protocol/error.hpp"

#include <string>
#include <vector>

namespace krakken::keeper {

// For KeeperSettings. Moved, never copied; wiped with the object.
struct EnvironmentKeys {
    base::SecretBytes records;          // all usable keys; the keeper alone reads this
    std::vector<std::string> warnings;  // sentences for the log, on what is not used and why; no secret
};

// Reads and removes these variables, copying their values to protected memory and wiping the originals where
// they stand:
//   KRAKEN_API_KEY, KRAKEN_API_SECRET                account master
//   KRAKEN_MASTER_API_KEY, KRAKEN_MASTER_API_SECRET  account master
//   KRAKEN_USER_<NAME>_API_KEY, ..._API_SECRET       account user_<name>, the name folded
// A pair that is not whole, or has no key's shape, is left out with a warning. invalid_params, with a remedy:
// two pairs or two variables name one account and differ; the variables are removed all the same.
//
// `environment` is the process's own environ, as kept by the C library: a null-terminated list of writable
// strings. To be called at the start of main, before there is a second thread and before anything copies the
// environment, and after the limit of locked memory was raised.
protocol::Result<EnvironmentKeys> take_environment_keys(char** environment);

}  // namespace krakken::keeper
