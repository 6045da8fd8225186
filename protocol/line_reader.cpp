#include "protocol/line_reader.hpp"

#include <algorithm>

namespace krakken::protocol {

std::span<char> LineReader::space() {
    if (begin_ > 0) {
        std::copy(
            buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
            buffer_.begin()
        );
        // What was moved away is not left behind: the buffer may be the one that passphrases pass through.
        std::fill(
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_ - begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
            '\0'
        );
        searched_ -= begin_;
        end_ -= begin_;
        begin_ = 0;
    }
    return buffer_.subspan(end_);
}

void LineReader::wipe_taken() {
    std::ranges::fill(buffer_.first(begin_), '\0');
}

std::optional<std::string_view> LineReader::take_line() {
    const std::string_view read(buffer_.data(), end_);
    const std::size_t feed = read.find('\n', searched_);
    if (feed == std::string_view::npos) {
        searched_ = end_;
        return std::nullopt;
    }
    std::string_view line = read.substr(begin_, feed - begin_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    begin_ = searched_ = feed + 1;
    return line;
}

}  // namespace krakken::protocol
