#include "client/secret_text.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <type_traits>

#include "protocol/json_text.hpp"

namespace {

using krakken::client::equal;
using krakken::client::secret_object;
using krakken::client::SecretText;

static_assert(!std::is_copy_constructible_v<SecretText>);
static_assert(!std::is_convertible_v<SecretText, std::string>);
static_assert(!std::is_convertible_v<SecretText, std::string_view>);

SecretText text_of(std::string_view text) {
    SecretText secret;
    secret.append(text);
    return secret;
}

#ifndef KRAKKEN_SANITIZED  // the sanitizers keep copies of their own

constexpr std::size_t page = 4096;
using Needle = std::array<char, 26>;

// Backwards, so that the constant is no copy of the secret.
constexpr std::string_view backwards = "7f3e-yranac-terces-nekkark";

// On the stack, which the search leaves out.
Needle needle() {
    Needle text{};
    std::ranges::reverse_copy(backwards, text.begin());
    return text;
}

// Whether the writable memory of this process, but for the stack, holds the secret.
bool is_in_memory() {
    const Needle wanted = needle();
    std::array<char, page + wanted.size()> piece{};
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    std::ifstream maps("/proc/self/maps");
    bool found = false;
    for (std::string line; std::getline(maps, line);) {
        std::size_t begin = 0;
        std::size_t end = 0;
        char dash = 0;
        std::string rights;
        std::istringstream(line) >> std::hex >> begin >> dash >> end >> rights;
        if (!rights.starts_with("rw") || line.find("[stack]") != std::string::npos) continue;
        for (std::size_t at = begin; at < end; at += page) {
            const ssize_t got = pread(memory, piece.data(), piece.size(), static_cast<off_t>(at));
            if (got > 0 &&
                !std::ranges::search(std::span(piece.data(), static_cast<std::size_t>(got)), wanted).empty())
                found = true;
        }
    }
    close(memory);
    return found;
}

#endif

}  // namespace

TEST_CASE("text is appended and grows past every capacity") {
    SecretText secret;
    CHECK(secret.empty());
    CHECK(secret.view().empty());
    std::string expected;
    for (int i = 0; i < 300; ++i) {
        secret.append("0123456789abcdefghij");
        expected += "0123456789abcdefghij";
    }
    CHECK((secret.view() == expected));
    const char* const data = secret.view().data();
    const SecretText moved = std::move(secret);
    CHECK(moved.view().data() == data);
}

TEST_CASE("room is given to read into") {
    SecretText secret = text_of("ab");
    const auto space = secret.space(2000);
    REQUIRE(space.size() >= 2000);
    space[0] = 'c';
    secret.filled(1);
    CHECK(secret.view() == "abc");
    secret.drop_front(2);
    CHECK(secret.view() == "c");
    secret.drop_front(1);
    CHECK(secret.empty());
}

TEST_CASE("quoted text is JSON that means the same") {
    std::string all;
    for (int byte = 0; byte < 128; ++byte)
        all += static_cast<char>(byte);
    all += "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
    SecretText secret;
    secret.append_quoted(all);
    CHECK(secret.view().find('\n') == std::string_view::npos);
    CHECK(krakken::protocol::check_json(secret.view(), 1).has_value());
    CHECK(krakken::protocol::decode_string(secret.view()) == all);
}

TEST_CASE("objects of secrets") {
    CHECK(secret_object({{"a", "x\"y"}, {"b", ""}}).view() == R"({"a":"x\"y","b":""})");
}

TEST_CASE("comparing") {
    CHECK(equal(SecretText(), SecretText()));
    CHECK(equal(text_of("abc"), text_of("abc")));
    CHECK_FALSE(equal(text_of("abc"), text_of("abd")));
    CHECK_FALSE(equal(text_of("abc"), text_of("abcd")));
}

#ifndef KRAKKEN_SANITIZED

TEST_CASE("nothing is left in memory of a secret that was grown, quoted and let go") {
    {
        SecretText secret;
        const Needle text = needle();
        secret.append({text.data(), text.size()});
        REQUIRE(is_in_memory());                // or the search below would prove nothing
        secret.append(std::string(2000, 'x'));  // moves it
        const SecretText json = secret_object({{"passphrase", secret.view()}});
        secret.drop_front(secret.size());
    }
    CHECK_FALSE(is_in_memory());
}

// The sanitizers make mlock() do nothing and say that it did.
TEST_CASE("memory that the system does not lock serves all the same, and it is said") {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const rlimit none{0, 0};
        const bool limited = setrlimit(RLIMIT_MEMLOCK, &none) == 0 && (geteuid() != 0 || setuid(65534) == 0);
        const SecretText secret = text_of("words");
        _exit(limited && secret.view() == "words" && !SecretText::locked_in_memory() ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

#endif
