#pragma once

// What the methods that allow something have in common.

#include "handlers.hpp"
#include "keeper/passphrase.hpp"

#include <optional>

namespace krakken::gate {

std::optional<keeper::SecretText> passphrase_of(const Arguments& arguments);

// What widens a right asks for the passphrase: a program under the operator's user reaches the admin socket,
// too, and must not help itself. The vault stays open. locked: it is not; invalid_params, reason
// "passphrase": none was given; passphrase: it is wrong.
awaitable<Result<void>> verify_passphrase(Backend& backend, std::optional<keeper::SecretText> passphrase);

}  // namespace krakken::gate
