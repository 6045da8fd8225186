// krakkenctl: the command line of krakkend. What it can do stands in commands.cpp.

#include <fcntl.h>
#include <sys/resource.h>

#include <cstdio>
#include <exception>

#include "commands.hpp"
#include "protocol/platform.hpp"

namespace {

// A stream that came closed would give its number to the socket: a passphrase would be read from the daemon,
// and what is for a person written to it. It is opened the wrong way round, so that using it fails.
void occupy_standard_streams() {
    for (int stream = 0; stream <= 2; ++stream)
        if (fcntl(stream, F_GETFD) < 0) (void)open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
}

// A passphrase passes through: nobody of the same user traces this process, and it leaves no core image.
void keep_others_out() {
    (void)krakken::protocol::forbid_inspection();
    const rlimit none{0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    // What holds a passphrase is locked; as much of that as the system lets us have.
    rlimit locked{};
    if (getrlimit(RLIMIT_MEMLOCK, &locked) != 0) return;
    locked.rlim_cur = locked.rlim_max;
    (void)setrlimit(RLIMIT_MEMLOCK, &locked);
}

}  // namespace

int main(int argument_count, char** arguments) {
    occupy_standard_streams();
    keep_others_out();
    try {
        return krakken::ctl::run(argument_count, arguments);
    } catch (const std::exception& error) {
        // Out of memory, a bug, or an answer that cannot be shown. What was asked for may have been done.
        std::fprintf(stderr, "krakkenctl: %s\n", error.what());
        return static_cast<int>(krakken::ctl::ExitStatus::unknown);
    }
}
