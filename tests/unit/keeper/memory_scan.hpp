#pragma once

// Reads this process's own memory as an attacker would and looks for canaries. What is looked for is kept
// inverted, so that the search does not find itself.

#include "keeper/passphrase.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace krakken::keeper::test {

using InvertedText = std::vector<unsigned char>;

// Random text that exists nowhere but inverted.
class Canary {
public:
    Canary();

    // Inverted raw bytes of this text's base64 meaning.
    InvertedText inverted_decoded() const;
    // The same of its base32 meaning.
    InvertedText inverted_decoded_base32() const;
    std::string text() const;
    SecretText secret() const;
    const InvertedText& inverted() const { return inverted_; }

private:
    static constexpr std::size_t canary_bytes = 64;
    InvertedText inverted_;
};

enum class Pages { readable, all };

// How often these texts, all of a length up to 64, stand in this process's memory. /proc/self/mem also reads
// pages that are closed.
std::vector<std::size_t> count_in_memory(const std::vector<InvertedText>& texts, Pages pages);

}  // namespace krakken::keeper::test
