#pragma once

// EGeneral:Temporary lockout: who made too many bad calls in a row is refused for a while.

#include <cstdint>
#include <map>
#include <string>

#include "tests/exchange/admission/switches.hpp"
#include "tests/exchange/call.hpp"

namespace exchange::front {

class Lockouts {
public:
    struct Entry {
        std::int64_t failures = 0;  // in a row
        Time until{};
    };

    // A call while locked out may prolong it.
    bool locked(const std::string& subject, const Switches& switches, Time now);
    void failed(const std::string& subject, const Switches& switches, Time now);
    void succeeded(const std::string& subject) { entries_.erase(subject); }

    const std::map<std::string, Entry>& entries() const { return entries_; }

private:
    static constexpr std::size_t limit = 10000;  // subjects kept; beyond it all are forgiven
    std::map<std::string, Entry> entries_;
};

}  // namespace exchange::front
