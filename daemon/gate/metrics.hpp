#pragma once

#include "gate/summary.hpp"

#include <string>

namespace krakken::gate {

// How it stands, in Prometheus' text format. Of the accounts those that count.
std::string metrics(const Backend& backend, const Counts& counts);

}  // namespace krakken::gate
