#pragma once

// What a call was sent with, for the audit.

#include "base/types.hpp"

#include <memory>
#include <optional>

namespace krakken::account {

struct Sent {
    base::KeyId key;
    base::Nonce nonce;
};

// Where the latest attempt of a call leaves it; shared by who asks for the call and who makes it.
using SentNote = std::shared_ptr<std::optional<Sent>>;

}  // namespace krakken::account
