#pragma once

#include "gate/backend.hpp"

#include <string>

namespace krakken::gate {

// How it stands, in Prometheus' text format.
std::string metrics(const Backend& backend);

}  // namespace krakken::gate
