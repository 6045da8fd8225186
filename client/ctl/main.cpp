// krakkenctl: the command line of krakkend. What it can do stands in commands.cpp.

#include <fcntl.h>

#include <cstdio>
#include <exception>

#include "commands.hpp"

namespace {

// A stream that came closed would give its number to the socket: a passphrase would be read from the daemon,
// and what is for a person written to it. It is opened the wrong way round, so that using it fails.
void occupy_standard_streams() {
    for (int stream = 0; stream <= 2; ++stream)
        if (fcntl(stream, F_GETFD) < 0) (void)open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
}

}  // namespace

int main(int argument_count, char** arguments) {
    occupy_standard_streams();
    try {
        return krakken::ctl::run(argument_count, arguments);
    } catch (const std::exception& error) {
        // Out of memory, a bug, or an answer that cannot be shown. What was asked for may have been done.
        std::fprintf(stderr, "krakkenctl: %s\n", error.what());
        return static_cast<int>(krakken::ctl::ExitStatus::unknown);
    }
}
