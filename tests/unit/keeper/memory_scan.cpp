#include "memory_scan.hpp"

#include "keeper/otp.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <span>
#include <sstream>

namespace krakken::keeper::test {

namespace {

// A mapping of its own for what was read, so that it can be left out of the search.
class ScanBuffer {
public:
    static constexpr std::size_t size = std::size_t{1} << 20;
    ScanBuffer()
        : data_(static_cast<unsigned char*>(
              mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
          )) {}
    ~ScanBuffer() { munmap(data_, size); }
    ScanBuffer(const ScanBuffer&) = delete;
    ScanBuffer& operator=(const ScanBuffer&) = delete;
    unsigned char* data() { return data_; }
    bool within(std::uintptr_t first, std::uintptr_t last) const {
        const auto mine = reinterpret_cast<std::uintptr_t>(data_);
        return mine >= first && mine < last;
    }

private:
    unsigned char* data_;
};

std::size_t count_in(std::span<const unsigned char> memory, std::span<const unsigned char> inverted) {
    const auto same = [](unsigned char byte, unsigned char other) {
        return byte == static_cast<unsigned char>(~other);
    };
    std::size_t found = 0;
    while (memory.size() >= inverted.size()) {
        const void* first =
            std::memchr(memory.data(), static_cast<unsigned char>(~inverted[0]), memory.size());
        if (first == nullptr) break;
        memory = memory.last(
            static_cast<std::size_t>(memory.data() + memory.size() - static_cast<const unsigned char*>(first))
        );
        if (memory.size() < inverted.size()) break;
        if (std::ranges::equal(memory.first(inverted.size()), inverted, same)) ++found;
        memory = memory.subspan(1);
    }
    return found;
}

}  // namespace

Canary::Canary() : inverted_(canary_bytes) {
    randombytes_buf(inverted_.data(), inverted_.size());
    // Inverted letters and digits only, so that it passes as a key, as base64 and as a passphrase.
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (unsigned char& byte : inverted_)
        byte = static_cast<unsigned char>(~alphabet[byte % alphabet.size()]);
}

InvertedText Canary::inverted_decoded() const {
    std::string plain = text();
    std::vector<unsigned char> bytes(plain.size());
    std::size_t length = 0;
    sodium_base642bin(
        bytes.data(),
        bytes.size(),
        plain.data(),
        plain.size(),
        nullptr,
        &length,
        nullptr,
        sodium_base64_VARIANT_ORIGINAL
    );
    sodium_memzero(plain.data(), plain.size());
    bytes.resize(length);
    for (unsigned char& byte : bytes)
        byte = static_cast<unsigned char>(~byte);
    return bytes;
}

InvertedText Canary::inverted_decoded_base32() const {
    std::string plain = text();
    const auto seed = decode_totp_seed(plain);
    sodium_memzero(plain.data(), plain.size());
    std::vector<unsigned char> bytes(seed->size());
    seed->use([&](std::span<const unsigned char> raw) {
        std::ranges::transform(raw, bytes.begin(), [](unsigned char byte) {
            return static_cast<unsigned char>(~byte);
        });
    });
    return bytes;
}

std::string Canary::text() const {
    std::string plain(inverted_.size(), '\0');
    std::ranges::transform(inverted_, plain.begin(), [](unsigned char byte) {
        return static_cast<char>(~byte);
    });
    return plain;
}

SecretText Canary::secret() const {
    std::string plain = text();
    SecretText secret = SecretText::copy_of(plain);
    sodium_memzero(plain.data(), plain.size());
    return secret;
}

std::vector<std::size_t> count_in_memory(const std::vector<InvertedText>& texts, Pages pages) {
    constexpr std::size_t overlap = 64;
    constexpr std::uintptr_t largest = std::uintptr_t{1} << 28;  // beyond it lie a sanitizer's shadows
    ScanBuffer buffer;
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    REQUIRE(memory >= 0);
    std::vector<std::size_t> found(texts.size());
    std::ifstream maps("/proc/self/maps");
    std::string line;
    while (std::getline(maps, line)) {
        std::istringstream words(line);
        std::uintptr_t first = 0;
        std::uintptr_t last = 0;
        char dash = 0;
        std::string rights;
        words >> std::hex >> first >> dash >> last >> rights;
        if (buffer.within(first, last) || last - first > largest) continue;
        if (pages == Pages::readable && rights[0] != 'r') continue;
        while (first < last) {
            const std::size_t wanted = std::min<std::size_t>(last - first, ScanBuffer::size);
            const ssize_t got = pread(memory, buffer.data(), wanted, static_cast<off_t>(first));
            if (got <= 0) break;
            const auto step = static_cast<std::size_t>(got);
            for (std::size_t i = 0; i < texts.size(); ++i)
                found[i] += count_in({buffer.data(), step}, texts[i]);
            // The next piece overlaps, for what stands across the border.
            first += step == last - first || step <= overlap ? step : step - overlap;
        }
    }
    close(memory);
    return found;
}

}  // namespace krakken::keeper::test
