// krakken-bench: makes one kind of call many times, one after another, and prints its figures as a line of
// JSON. tests/bench/run puts the kinds side by side.

#include "measure.hpp"
#include "modes.hpp"

#include <string_view>

namespace {

using namespace krakken::bench;

constexpr const char* usage =
    "usage: krakken-bench floor CALLS\n"
    "       krakken-bench ping SOCKET CALLS\n"
    "       krakken-bench balance SOCKET CALLS\n"
    "       krakken-bench direct BASE_URL CA_FILE KEY_FILE CALLS";

std::size_t calls_of(const char* text) {
    const unsigned long calls = std::strtoul(text, nullptr, 10);
    if (calls == 0) give_up("how many calls?");
    return calls;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "floor" && argc == 3) {
        floor_round_trip(calls_of(argv[2]));
    } else if (mode == "ping" && argc == 4) {
        ping(argv[2], calls_of(argv[3]));
    } else if (mode == "balance" && argc == 4) {
        balance_through_daemon(argv[2], calls_of(argv[3]));
    } else if (mode == "direct" && argc == 6) {
        balance_directly({argv[2], argv[3], argv[4]}, calls_of(argv[5]));
    } else {
        give_up(usage);
    }
}
