#pragma once

// From what a person typed to a key that can sign: the checks of shape that need neither a vault nor Kraken.

#include "contents.hpp"

#include <string>
#include <vector>

namespace krakken::keeper {

struct Candidate {
    Contents contents;  // exactly one record
    std::vector<std::string> warnings;

    const KeyInfo& info() const { return contents.keys().front().info; }
};

// invalid_params with a sentence that names the field, never its text.
protocol::Result<Candidate> make_candidate(const NewKey& key);

}  // namespace krakken::keeper
