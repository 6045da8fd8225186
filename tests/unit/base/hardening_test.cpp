// Hardening changes the whole process for good, so every case runs in a child of its own.

#include "base/hardening.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

using krakken::base::harden_process;

namespace {

#ifdef KRAKKEN_SANITIZED
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

// The number of the first check that failed in the child, or 0.
int in_child(int (*checks)()) {
    const pid_t child = fork();
    if (child == 0) _exit(checks());
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a hardened process reports what the kernel confirms", "[hardening]") {
    CHECK(in_child([] {
              const auto protection = harden_process();
              rlimit core{1, 1};
              if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0 || !protection.no_core) return 1;
              if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || !protection.no_new_privileges) return 2;
              const bool dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
              if (protection.not_dumpable == dumpable) return 3;
              if (dumpable && !sanitized) return 4;
              if (umask(0) != 0077) return 5;
              return 0;
          }) == 0);
}

TEST_CASE("locked memory is reported as it is, and the soft limit is raised", "[hardening]") {
    CHECK(in_child([] {
              rlimit lock{};
              getrlimit(RLIMIT_MEMLOCK, &lock);
              lock.rlim_cur = 0;
              setrlimit(RLIMIT_MEMLOCK, &lock);
              const bool locked = harden_process().memory_locked;
              getrlimit(RLIMIT_MEMLOCK, &lock);
              if (lock.rlim_cur != lock.rlim_max) return 1;
              return locked == (lock.rlim_max > 0 && !sanitized) ? 0 : 2;
          }) == 0);
}

TEST_CASE("memory that cannot be locked is not reported as locked", "[hardening]") {
    CHECK(in_child([] {
              // Root may lock beyond the limit, so the child gives that up first.
              const rlimit none{0, 0};
              if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) return 1;
              if (geteuid() == 0 && setuid(65534) != 0) return 2;
              return harden_process().memory_locked ? 3 : 0;
          }) == 0);
}

TEST_CASE("closed standard streams are open afterwards", "[hardening]") {
    CHECK(in_child([] {
              close(0);
              close(2);
              harden_process();
              return fcntl(0, F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0 ? 0 : 1;
          }) == 0);
}
