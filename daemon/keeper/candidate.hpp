#pragma once

// From what a person typed to a key that can sign: the checks of shape that need neither a vault nor Kraken.

#include "contents.hpp"

#include <string>
#include <vector>

namespace krakken::keeper {

struct Candidate {
    Contents contents;  // exactly one record
    std::vector<std::string> warnings;
    bool joins = false;  // see NewKey

    const KeyInfo& info() const { return contents.keys().front().info; }
};

// What a person knows the fields as.
struct FieldNames {
    std::string api_key = "api_key";
    std::string api_secret = "api_secret";
};

// invalid_params with a sentence that names the field, never its text.
protocol::Result<Candidate> make_candidate(const NewKey& key, const FieldNames& names = {});

}  // namespace krakken::keeper
