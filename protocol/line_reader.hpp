#pragma once

// Framing: bytes in, lines out. Sans-io.

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace krakken::protocol {

// Finds lines in a buffer that somebody else owns (the gate's is wiped memory on the admin socket), so no
// byte is copied. A fill-and-take cycle: read into space(), call filled(n), then take_line() until it has
// none.
class LineReader {
public:
    explicit LineReader(std::span<char> buffer) : buffer_(buffer) {}

    // Where the next bytes go. Views of earlier lines are invalid after this call. Empty: the line in
    // progress is too long.
    std::span<char> space();
    void filled(std::size_t count) { end_ += count; }

    // The owner has copied the whole buffer to the front of a larger one.
    void moved_to(std::span<char> larger) { buffer_ = larger; }

    // The next whole line without its line feed (and a carriage return before it).
    std::optional<std::string_view> take_line();

    // Overwrites the lines that were taken; their views are of no use afterwards.
    void wipe_taken();

    // Bytes of a line that has begun.
    std::string_view partial() const { return {buffer_.data() + begin_, end_ - begin_}; }

private:
    std::span<char> buffer_;
    std::size_t begin_ = 0;     // first byte not yet taken
    std::size_t end_ = 0;       // behind the last byte read
    std::size_t searched_ = 0;  // no line feed before this one
};

}  // namespace krakken::protocol
