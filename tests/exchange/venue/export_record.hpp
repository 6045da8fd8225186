#pragma once

// A report somebody asked for.

#include <string>

#include "tests/exchange/call.hpp"

namespace exchange {

struct ExportRecord {
    std::string id;
    std::string account;
    std::string description;
    std::string report;  // trades, ledgers
    std::string format;  // CSV, TSV
    std::string fields;
    Time created;
    Time from;
    Time until;
};

}  // namespace exchange
