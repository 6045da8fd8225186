#pragma once

// Tables for people.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::ctl {

inline constexpr std::size_t terminal_width = 80;

struct Column {
    std::string title;
    bool right = false;    // aligned to the right, as figures are
    bool shrinks = false;  // may lose its end ("…") where the table is too wide; never for figures
};

using Row = std::vector<std::string>;

// One line per row below the titles, columns two spaces apart, no line wider than `width` unless columns that
// do not shrink need it. Empty when there are no rows.
std::string render_table(
    const std::vector<Column>& columns, const std::vector<Row>& rows, std::size_t width = terminal_width
);

// Text of another program as a terminal may show it: control characters become '?'.
std::string printable(std::string_view text);

// How many columns UTF-8 text takes; wide and combining characters are counted as one.
std::size_t display_width(std::string_view text);

// `text` broken at spaces into lines of at most `width`, each but the first after `indent` spaces, ending in
// a line feed.
std::string wrap(std::string_view text, std::size_t indent = 0, std::size_t width = terminal_width);

}  // namespace krakken::ctl
