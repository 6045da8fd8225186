#include "base/hardening.hpp"

#include "base/protected_memory.hpp"
#include "protocol/platform.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

namespace krakken::base {

namespace {

void open_standard_streams() {
    for (int stream = 0; stream <= 2; ++stream) {
        // open() takes the lowest free number, which is `stream`, as those below it are open by now.
        if (fcntl(stream, F_GETFD) < 0) (void)open("/dev/null", O_RDWR);
    }
}

void raise_to_hard_limit(decltype(RLIMIT_MEMLOCK) resource) {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(resource, &limit);
}

// A reader that is gone or a file that may not grow is an error of that write, not the end of the process.
void ignore_signals_of_writes() {
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)std::signal(SIGXFSZ, SIG_IGN);
}

bool forbid_core() {
    const rlimit none{0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    rlimit now{1, 1};
    return getrlimit(RLIMIT_CORE, &now) == 0 && now.rlim_cur == 0 && now.rlim_max == 0;
}

bool memory_can_be_locked() {
    const SecretBytes probe(1);
    return memory_lock_ok();
}

}  // namespace

Protection harden_process() {
    open_standard_streams();
    umask(0077);
    raise_to_hard_limit(RLIMIT_MEMLOCK);
    raise_to_hard_limit(RLIMIT_NOFILE);  // a descriptor for each client
    ignore_signals_of_writes();
    return {
        .memory_locked = memory_can_be_locked(),
        .not_dumpable = protocol::forbid_inspection(),
        .no_core = forbid_core(),
        .no_new_privileges = protocol::forbid_new_privileges(),
    };
}

}  // namespace krakken::base
