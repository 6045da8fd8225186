#include "protocol/nearest_name.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace krakken::protocol {

namespace {

// Levenshtein's distance, one row at a time.
std::size_t edits(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= from.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
    return *std::ranges::min_element(known, {}, [name](const std::string& candidate) {
        return edits(name, candidate);
    });
}

}  // namespace krakken::protocol
