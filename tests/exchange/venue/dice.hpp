#pragma once

// Chance that repeats: everything random in the venue comes from its seed.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_set>

namespace exchange {

// A well mixed number from several; the same input gives the same output on every machine (splitmix64's
// finalizer).
std::uint64_t mixed(std::initializer_list<std::uint64_t> numbers);
std::uint64_t mixed(std::string_view text);

// Makes the identifiers of one venue; none is given out twice.
class Ids {
public:
    explicit Ids(std::uint64_t seed) : seed_(seed) {}

    std::string order() { return grouped("O", 5); }
    std::string trade() { return grouped("T", 5); }
    std::string ledger() { return grouped("L", 5); }
    std::string amend() { return grouped("T", 5); }
    std::string transfer() {
        return grouped("T", 6);
    }  // account transfers: seven signs before the first dash
    std::string export_id();  // four letters
    std::string funding();    // FTxxxxx-22 mixed-case signs
    std::string iban();       // Kraken's IIBAN: AA and 14 signs
    std::string text(std::size_t length, std::string_view signs);

private:
    std::string grouped(std::string_view head, std::size_t first_rest);
    std::string fresh(auto make);
    std::uint64_t next();

    std::uint64_t seed_;
    std::uint64_t count_ = 0;
    std::unordered_set<std::string> given_;
};

}  // namespace exchange
