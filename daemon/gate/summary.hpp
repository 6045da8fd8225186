#pragma once

#include "gate/backend.hpp"

#include <functional>
#include <string>

namespace krakken::gate {

// How it stands, in one line for a person: `status` shows it, and so does the service manager. Of the
// accounts those that count.
using Counts = std::function<bool(const base::AccountName& account)>;
std::string summary(const Backend& backend, const Counts& counts);
std::string summary(const Backend& backend);  // all

}  // namespace krakken::gate
