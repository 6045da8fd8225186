// Reads this process's own memory as an attacker would and looks for canaries. What is looked for is kept
// inverted, so that the search does not find itself.

#include "keeper/otp.hpp"
#include "support.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace krakken::keeper;
using namespace krakken::keeper::test;

namespace {

enum class Pages { readable, all };

// Random text that exists nowhere but inverted.
class Canary {
public:
    Canary() : inverted_(canary_bytes) {
        randombytes_buf(inverted_.data(), inverted_.size());
        // Inverted letters and digits only, so that it passes as a key, as base64 and as a passphrase.
        constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        for (unsigned char& byte : inverted_)
            byte = static_cast<unsigned char>(~alphabet[byte % alphabet.size()]);
    }
    // Inverted raw bytes of this text's base64 meaning.
    std::vector<unsigned char> inverted_decoded() const {
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
    // The same of its base32 meaning.
    std::vector<unsigned char> inverted_decoded_base32() const {
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
    std::string text() const {
        std::string plain(inverted_.size(), '\0');
        std::ranges::transform(inverted_, plain.begin(), [](unsigned char byte) {
            return static_cast<char>(~byte);
        });
        return plain;
    }
    SecretText secret() const {
        std::string plain = text();
        SecretText secret = SecretText::copy_of(plain);
        sodium_memzero(plain.data(), plain.size());
        return secret;
    }
    const std::vector<unsigned char>& inverted() const { return inverted_; }

private:
    static constexpr std::size_t canary_bytes = 64;
    std::vector<unsigned char> inverted_;
};

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

// How often these texts, all of a length up to `overlap`, stand in this process's memory. /proc/self/mem also
// reads pages that are closed.
using Texts = std::vector<std::vector<unsigned char>>;
std::vector<std::size_t> count_in_memory(const Texts& inverted, Pages pages) {
    constexpr std::size_t overlap = 64;
    constexpr std::uintptr_t largest = std::uintptr_t{1} << 28;  // beyond it lie a sanitizer's shadows
    ScanBuffer buffer;
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    REQUIRE(memory >= 0);
    std::vector<std::size_t> found(inverted.size());
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
            for (std::size_t i = 0; i < inverted.size(); ++i)
                found[i] += count_in({buffer.data(), step}, inverted[i]);
            // The next piece overlaps, for what stands across the border.
            first += step == last - first || step <= overlap ? step : step - overlap;
        }
    }
    close(memory);
    return found;
}

}  // namespace

TEST_CASE("the search finds a canary in an ordinary string, and not itself", "[memory]") {
    const Canary canary;
    CHECK(count_in_memory({canary.inverted()}, Pages::all)[0] == 0);
    const std::string plain = canary.text();
    CHECK(count_in_memory({canary.inverted()}, Pages::readable)[0] >= 1);
}

TEST_CASE(
    "an open vault's secrets are in no readable page, and a locked one's in no page at all", "[memory]"
) {
    const Canary passphrase;
    const Canary secret;
    const Canary staged_secret;
    const Canary seed;
    Fixture fixture;
    REQUIRE(fixture.run(fixture.keeper->create(passphrase.secret())).has_value());
    const auto with_prefix = [](const Canary& canary) {
        std::string plain;
        plain.reserve(200);
        std::string inner = canary.text();
        plain.append("totp:").append(inner);
        SecretText made = SecretText::copy_of(plain);
        sodium_memzero(plain.data(), plain.size());
        sodium_memzero(inner.data(), inner.size());
        return made;
    };
    NewKey key = new_key("master", "api-key");
    key.api_secret = secret.secret();
    key.otp = with_prefix(seed);
    const auto staged = fixture.run(fixture.keeper->stage(std::move(key)));
    REQUIRE(staged.has_value());
    REQUIRE(fixture.sign(staged->key).has_value());
    REQUIRE(fixture.run(fixture.keeper->commit(staged->key, {})).has_value());
    REQUIRE(fixture.run(fixture.keeper->unlock(passphrase.secret())).has_value());
    fixture.clock.time += std::chrono::minutes(1);
    REQUIRE(fixture.sign(staged->key).has_value());
    NewKey candidate = new_key("other", "other-key");
    candidate.api_secret = staged_secret.secret();
    const auto other = fixture.run(fixture.keeper->stage(std::move(candidate)));
    REQUIRE(other.has_value());
    REQUIRE(fixture.sign(other->key).has_value());

    const Texts texts = {
        passphrase.inverted(),
        secret.inverted(),
        secret.inverted_decoded(),
        seed.inverted(),
        seed.inverted_decoded_base32(),
        staged_secret.inverted(),
        staged_secret.inverted_decoded(),
    };
    const std::vector<std::size_t> none(texts.size(), 0);
    CHECK(count_in_memory(texts, Pages::readable) == none);
    fixture.keeper->lock();
    CHECK(count_in_memory(texts, Pages::all) == none);
}

TEST_CASE("a lock while a key is being saved leaves no secret behind", "[memory]") {
    const Canary secret;
    Fixture fixture;
    fixture.create();
    NewKey key = new_key("master", "api-key");
    key.api_secret = secret.secret();
    const auto staged = *fixture.run(fixture.keeper->stage(std::move(key)));
    const auto before = read_file(fixture.scratch.vault());
    std::optional<Result<void>> outcome;
    boost::asio::co_spawn(
        fixture.loop,
        fixture.keeper->commit(staged.key, {}),
        [&](std::exception_ptr, Result<void> result) { outcome = std::move(result); }
    );
    fixture.run_into_save(before);
    REQUIRE_FALSE(outcome.has_value());
    fixture.keeper->lock();
    const Texts texts = {secret.inverted(), secret.inverted_decoded()};
    CHECK(count_in_memory(texts, Pages::all) == std::vector<std::size_t>{0, 0});
    fixture.loop.run();
    REQUIRE(outcome.has_value());
    CHECK(outcome->has_value());
}
