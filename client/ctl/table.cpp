#include "table.hpp"

#include <algorithm>
#include <numeric>

namespace krakken::ctl {

namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t narrowest = 8;

bool starts_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

// The first `count` characters.
std::string_view head(std::string_view text, std::size_t count) {
    std::size_t at = 0;
    while (at < text.size() && (!starts_character(text[at]) || count-- > 0))
        ++at;
    return text.substr(0, at);
}

std::string fitted(const std::string& text, std::size_t width, bool right) {
    const std::size_t wide = display_width(text);
    if (wide > width) return std::string(head(text, width - 1)) + "…";
    const std::string space(width - wide, ' ');
    return right ? space + text : text + space;
}

std::vector<std::size_t> widths_of(
    const std::vector<Column>& columns, const std::vector<Row>& rows, std::size_t width
) {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        std::size_t widest = display_width(columns[i].title);
        for (const Row& row : rows)
            widest = std::max(widest, display_width(row.at(i)));
        widths.push_back(widest);
    }
    const std::size_t total = std::accumulate(widths.begin(), widths.end(), gap * (columns.size() - 1));
    std::size_t excess = total > width ? total - width : 0;
    for (std::size_t i = columns.size(); i-- > 0 && excess > 0;) {
        if (!columns[i].shrinks || widths[i] <= narrowest) continue;
        const std::size_t less = std::min(excess, widths[i] - narrowest);
        widths[i] -= less;
        excess -= less;
    }
    return widths;
}

}  // namespace

std::string render_table(
    const std::vector<Column>& columns, const std::vector<Row>& rows, std::size_t width
) {
    if (rows.empty()) return {};
    const auto widths = widths_of(columns, rows, width);
    std::string text;
    const auto add = [&](const auto& cell_of) {
        std::string line;
        for (std::size_t i = 0; i < columns.size(); ++i)
            line += (i == 0 ? "" : std::string(gap, ' ')) + fitted(cell_of(i), widths[i], columns[i].right);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    };
    add([&](std::size_t i) { return columns[i].title; });
    for (const Row& row : rows)
        add([&](std::size_t i) { return row.at(i); });
    return text;
}

std::string printable(std::string_view text) {
    std::string shown;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        // U+0080 to U+009F, which some terminals obey, are C2 80 to C2 9F.
        const bool c1 = byte == 0xC2U && next >= 0x80U && next < 0xA0U;
        if (c1) ++i;
        shown += c1 || byte < 0x20U || byte == 0x7FU ? '?' : text[i];
    }
    return shown;
}

std::size_t display_width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, starts_character));
}

std::string wrap(std::string_view text, std::size_t indent, std::size_t width) {
    std::string lines;
    std::size_t used = indent;
    bool first = true;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t wide = display_width(word);
        if (!first && used + 1 + wide > width) {
            lines += "\n" + std::string(indent, ' ');
            used = indent;
        } else if (!first) {
            lines += ' ';
            ++used;
        }
        lines += word;
        used += wide;
        first = false;
    }
    return lines + "\n";
}

}  // namespace krakken::ctl
