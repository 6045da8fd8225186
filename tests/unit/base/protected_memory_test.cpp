// Protected memory: what it keeps, that it is closed at rest, and that an arena never spills or remembers.

#include "base/protected_memory.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <memory_resource>
#include <sstream>
#include <string>
#include <vector>

using krakken::base::SecretBytes;
using krakken::base::WipedArena;
using ConstBytes = std::span<const unsigned char>;

namespace {

// How the kernel lists one mapping.
struct Mapping {
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;
    std::string rights;  // e.g. "---p"
    bool left_out_of_dumps = false;
    bool locked = false;
};

std::vector<Mapping> mappings() {
    std::ifstream file("/proc/self/smaps");
    std::string line;
    std::vector<Mapping> all;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        Mapping mapping;
        char dash = 0;
        if (words >> std::hex >> mapping.first >> dash >> mapping.last >> mapping.rights && dash == '-') {
            all.push_back(mapping);
        } else if (line.starts_with("VmFlags:")) {
            all.back().left_out_of_dumps = line.find(" dd") != std::string::npos;
            all.back().locked = line.find(" lo") != std::string::npos;
        }
    }
    return all;
}

Mapping mapping_of(const void* address) {
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    for (const Mapping& mapping : mappings()) {
        if (wanted >= mapping.first && wanted < mapping.last) return mapping;
    }
    return {};
}

// Bytes of memory like that of secrets that can be read right now.
std::uintptr_t open_bytes() {
    std::uintptr_t sum = 0;
    for (const Mapping& mapping : mappings()) {
        if (mapping.left_out_of_dumps && mapping.rights[0] == 'r') sum += mapping.last - mapping.first;
    }
    return sum;
}

const void* address_of(const SecretBytes& bytes) {
    return bytes.use([](ConstBytes all) { return static_cast<const void*>(all.data()); });
}

}  // namespace

TEST_CASE("a secret keeps its bytes, and a move leaves nothing behind", "[protected_memory]") {
    SecretBytes first(3);
    first.fill([](std::span<unsigned char> bytes) { std::ranges::copy(std::string("abc"), bytes.begin()); });
    SecretBytes second = std::move(first);
    CHECK(first.size() == 0);
    CHECK(second.use([](ConstBytes bytes) { return std::string(bytes.begin(), bytes.end()); }) == "abc");
    second = SecretBytes(1);
    CHECK(second.use([](ConstBytes bytes) { return bytes[0]; }) == 0);
}

TEST_CASE("a secret of no bytes can be made and used", "[protected_memory]") {
    CHECK(SecretBytes().use([](ConstBytes bytes) { return bytes.empty(); }));
    CHECK(SecretBytes(0).use([](ConstBytes bytes) { return bytes.empty(); }));
}

TEST_CASE("a secret is unreadable at rest, readable in use, also in nested use", "[protected_memory]") {
    const SecretBytes secret(16);
    const void* address = address_of(secret);
    CHECK(mapping_of(address).rights == "---p");
    secret.use([&](ConstBytes) {
        secret.use([&](ConstBytes) { CHECK(mapping_of(address).rights == "r--p"); });
        CHECK(mapping_of(address).rights == "r--p");
    });
    CHECK(mapping_of(address).rights == "---p");
}

TEST_CASE("a secret that was never used is closed from the start", "[protected_memory]") {
    const auto before = open_bytes();
    const SecretBytes secret(16);
    CHECK(open_bytes() == before);
    const auto used = secret.use([](ConstBytes) { return open_bytes(); });
    CHECK(used > before);
}

TEST_CASE("a use that throws closes the secret too", "[protected_memory]") {
    const SecretBytes secret(16);
    const void* address = address_of(secret);
    CHECK_THROWS(secret.use([](ConstBytes) { throw std::runtime_error("out"); }));
    CHECK(mapping_of(address).rights == "---p");
}

TEST_CASE("a secret is locked in memory and left out of core images", "[protected_memory]") {
    const SecretBytes secret(16);
    if (!krakken::base::memory_lock_ok()) {
        WARN("no memory can be locked on this machine or in a sanitized build");
        return;
    }
    const Mapping mapping = mapping_of(address_of(secret));
    CHECK(mapping.locked);
    CHECK(mapping.left_out_of_dumps);
}

TEST_CASE("reading a secret at rest ends the process", "[protected_memory]") {
    const SecretBytes secret(16);
    const auto* address = static_cast<const volatile unsigned char*>(address_of(secret));
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGSEGV, SIG_DFL);
        _exit(*address == 0 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
}

TEST_CASE("an arena is full when it is full", "[protected_memory]") {
    WipedArena arena(4096);
    CHECK_NOTHROW((void)arena.allocate(4000, 8));
    CHECK_THROWS_AS(arena.allocate(200, 8), std::bad_alloc);
    arena.release();
    CHECK_NOTHROW((void)arena.allocate(4096, 8));
}

TEST_CASE("an arena wipes what is given back and what is released", "[protected_memory]") {
    WipedArena arena(4096);
    auto* first = static_cast<unsigned char*>(arena.allocate(8, 8));
    auto* second = static_cast<unsigned char*>(arena.allocate(8, 8));
    std::fill_n(first, 8, static_cast<unsigned char>(7));
    std::fill_n(second, 8, static_cast<unsigned char>(7));
    arena.deallocate(first, 8, 8);
    CHECK(std::all_of(first, first + 8, [](unsigned char byte) { return byte == 0; }));
    CHECK(second[0] == 7);
    arena.release();
    CHECK(std::all_of(second, second + 8, [](unsigned char byte) { return byte == 0; }));
}

TEST_CASE("an arena aligns and serves containers", "[protected_memory]") {
    WipedArena arena(16384);
    (void)arena.allocate(1, 1);
    CHECK(reinterpret_cast<std::uintptr_t>(arena.allocate(64, 64)) % 64 == 0);
    std::pmr::string text("a text that is too long for the small string buffer", &arena);
    const void* address = text.data();
    CHECK(mapping_of(address).left_out_of_dumps);
}
