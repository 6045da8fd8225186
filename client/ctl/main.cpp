// krakkenctl: the command line of krakkend. What it can do stands in commands.cpp.

#include <cstdio>
#include <exception>

#include "commands.hpp"

int main(int argument_count, char** arguments) {
    try {
        return krakken::ctl::run(argument_count, arguments);
    } catch (const std::exception& error) {
        // Out of memory, or a bug. Nothing is known about what was asked for.
        std::fprintf(stderr, "krakkenctl: %s\n", error.what());
        return static_cast<int>(krakken::ctl::ExitStatus::unknown);
    }
}
