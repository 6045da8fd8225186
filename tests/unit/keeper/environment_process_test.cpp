// The environment of a real process: this program starts itself once more, with keys in its environment.

#include "keeper/environment_keys.hpp"
#include "memory_scan.hpp"
#include "support.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

using namespace krakken::keeper;
using namespace krakken::keeper::test;

namespace {

constexpr const char* in_child = "child: no process sees keys that were taken";
constexpr const char* variables[] = {
    "KRAKEN_API_KEY", "KRAKEN_API_SECRET", "KRAKEN_USER_A_API_SECRET", "KRAKEN_USER_B_API_KEY"
};

std::string all_of(const char* path) {
    const auto bytes = read_file(path);
    return {bytes.begin(), bytes.end()};
}

std::string output_of(const char* command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command, "r"), pclose);
    REQUIRE(pipe);
    std::string output;
    char piece[4096];
    while (const std::size_t count = fread(piece, 1, sizeof piece, pipe.get()))
        output.append(piece, count);
    return output;
}

}  // namespace

TEST_CASE("child: no process sees keys that were taken", "[.child]") {
    const char* value = std::getenv("KRAKEN_API_SECRET");
    REQUIRE((value != nullptr));  // in parentheses: Catch would copy the text
    InvertedText inverted;        // nothing before this may copy the environment
    for (; *value != '\0'; ++value)
        inverted.push_back(static_cast<unsigned char>(~static_cast<unsigned char>(*value)));

    const auto keys = take_environment_keys(environ);
    REQUIRE(keys.has_value());
    CHECK(keys->records.size() > 0);
    for (const char* variable : variables)
        CHECK(std::getenv(variable) == nullptr);
    REQUIRE(std::getenv("KEEPER_TEST") != nullptr);
    CHECK(std::string(std::getenv("KEEPER_TEST")) == "stays");
    const std::string children = output_of("env");
    const std::string kernel = all_of("/proc/self/environ");
    for (const std::string& seen : {children, kernel}) {
        CHECK(seen.find("KEEPER_TEST=stays") != std::string::npos);
        CHECK(seen.find("KRAKEN_") == std::string::npos);
    }
#ifndef KRAKKEN_SANITIZED  // a sanitizer keeps a copy of the environment
    CHECK(count_in_memory({inverted}, Pages::readable)[0] == 0);
#endif
}

TEST_CASE("no process sees keys that were taken out of the environment", "[environment]") {
    std::vector<std::string> entries = {"KEEPER_TEST=stays"};
    const Canary canary;
    for (const char* variable : variables)
        entries.push_back(variable + std::string("=") + canary.text());
    std::vector<char*> list;
    for (std::string& entry : entries)
        list.push_back(entry.data());
    for (char** entry = environ; *entry != nullptr; ++entry)
        list.push_back(*entry);
    list.push_back(nullptr);
    std::string program = "test_keeper";
    std::string name = in_child;
    char* arguments[] = {program.data(), name.data(), nullptr};

    pid_t child = 0;
    REQUIRE(posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, list.data()) == 0);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
