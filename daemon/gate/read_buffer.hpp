#pragma once

// Where a connection's bytes are read to. A client's buffer is small and grows with its requests, so that a
// thousand idle clients cost little; an administrator's carries passphrases, so it is protected memory of the
// full size from the start.

#include "base/protected_memory.hpp"
#include "protocol/limits.hpp"
#include "protocol/line_reader.hpp"
#include "protocol/methods.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace krakken::gate {

class ReadBuffer {
public:
    explicit ReadBuffer(protocol::SocketKind socket);
    // Wipes what is left: half a request, or HTTP with an API key in its header, may have come before the
    // end.
    ~ReadBuffer();
    ReadBuffer(const ReadBuffer&) = delete;
    ReadBuffer& operator=(const ReadBuffer&) = delete;

    // Where the next bytes go; empty when a line is longer than a request may be.
    std::span<char> space();
    void filled(std::size_t count) { lines_.filled(count); }
    // Lines are views into the buffer, valid until space() is called.
    std::optional<std::string_view> take_line() { return lines_.take_line(); }
    bool holds_part_of_a_line() const { return !lines_.partial().empty(); }
    // Call when the lines taken so far are done with: they are wiped, since a passphrase may have come to the
    // wrong socket.
    void lines_are_done();

private:
    static constexpr std::size_t full_size = protocol::max_request_bytes + 2;  // and the line's end, CR LF
    static constexpr std::size_t small_size = 2048;

    std::unique_ptr<base::WipedArena> arena_;  // only on the admin socket
    std::vector<char> plain_;                  // only on the client socket
    protocol::LineReader lines_;
};

}  // namespace krakken::gate
