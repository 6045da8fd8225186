#include "gate/read_buffer.hpp"

#include <sodium.h>

#include <algorithm>
#include <utility>

namespace krakken::gate {

namespace {

std::span<char> take_all(base::WipedArena& arena, std::size_t size) {
    return {static_cast<char*>(arena.allocate(size, 1)), size};
}

}  // namespace

ReadBuffer::ReadBuffer(protocol::SocketKind socket)
    : arena_(socket == protocol::SocketKind::admin ? std::make_unique<base::WipedArena>(full_size) : nullptr),
      plain_(arena_ ? 0 : small_size),
      lines_(arena_ ? take_all(*arena_, full_size) : std::span<char>(plain_)) {}

ReadBuffer::~ReadBuffer() {
    sodium_memzero(plain_.data(), plain_.size());
}

std::span<char> ReadBuffer::space() {
    const std::span<char> left = lines_.space();
    if (!left.empty() || arena_ || plain_.size() >= full_size) return left;
    std::vector<char> larger(std::min(plain_.size() * 4, full_size));
    std::ranges::copy(plain_, larger.begin());
    sodium_memzero(plain_.data(), plain_.size());
    plain_ = std::move(larger);
    lines_.moved_to(plain_);
    return lines_.space();
}

void ReadBuffer::lines_are_done() {
    lines_.wipe_taken();
    if (!arena_ && plain_.size() > small_size && lines_.partial().empty()) {
        // A large request does not make the connection large for good.
        plain_ = std::vector<char>(small_size);
        lines_ = protocol::LineReader(plain_);
    }
}

}  // namespace krakken::gate
