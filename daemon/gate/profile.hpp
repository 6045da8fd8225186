#pragma once

#include <string>

namespace krakken::gate {

// Where the user lives and what they want to allow; what is off is not done.
struct Profile {
    std::string region = "US_CA";
    bool supports_margin = false;
    bool supports_futures = false;
    bool supports_staking = false;
};

}  // namespace krakken::gate
