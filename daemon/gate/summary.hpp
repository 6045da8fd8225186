#pragma once

#include "gate/backend.hpp"

#include <string>

namespace krakken::gate {

// How it stands, in one line for a person: `status` shows it, and so does the service manager.
std::string summary(const Backend& backend);

}  // namespace krakken::gate
