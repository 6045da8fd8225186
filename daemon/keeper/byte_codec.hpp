#pragma once

// Fixed-width little-endian numbers and raw bytes, one after another, over memory of the caller: what the
// vault file and its content are written in. A reader that ran out of bytes stays failed and gives zeros.

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <span>

namespace krakken::keeper {

class ByteReader {
public:
    explicit ByteReader(std::span<const unsigned char> bytes) : rest_(bytes) {}

    std::span<const unsigned char> take(std::size_t count) {
        if (count > rest_.size()) {
            failed_ = true;
            return {};
        }
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    template <class Number>
    Number number() {
        const auto bytes = take(sizeof(Number));
        if (failed_) return 0;
        return boost::endian::endian_load<Number, sizeof(Number), boost::endian::order::little>(bytes.data());
    }

    template <std::size_t size>
    std::array<unsigned char, size> array() {
        std::array<unsigned char, size> bytes{};
        std::ranges::copy(take(size), bytes.begin());
        return bytes;
    }

    std::size_t left() const { return rest_.size(); }
    bool failed() const { return failed_; }

private:
    std::span<const unsigned char> rest_;
    bool failed_ = false;
};

// The target must be large enough; its size was computed from what is written.
class ByteWriter {
public:
    explicit ByteWriter(std::span<unsigned char> target) : rest_(target) {}

    void put(std::span<const unsigned char> bytes) {
        std::ranges::copy(bytes, rest_.first(bytes.size()).begin());
        rest_ = rest_.subspan(bytes.size());
    }

    template <class Number>
    void number(Number value) {
        std::array<unsigned char, sizeof(Number)> bytes{};
        boost::endian::endian_store<Number, sizeof(Number), boost::endian::order::little>(
            bytes.data(), value
        );
        put(bytes);
    }

private:
    std::span<unsigned char> rest_;
};

}  // namespace krakken::keeper
