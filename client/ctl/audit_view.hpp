#pragma once

// Rows of the audit, and what a check of them found, for people.

#include <string>
#include <string_view>
#include <vector>

namespace krakken::ctl {

// The titles, in the layout of audit_lines.
std::string audit_title();
// Raw rows of audit.tail, a line each, and below it Kraken's ids of what came of it. Whatever the rows,
// columns stand in the same places, so that what comes later fits below.
std::string audit_lines(const std::vector<std::string_view>& rows);

// The result of audit.verify.
std::string readable_verdict(std::string_view verdict);

}  // namespace krakken::ctl
