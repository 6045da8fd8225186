#pragma once

// What a process that holds secrets does before anything else. Called once, first thing in main, in every
// mode.

namespace krakken::base {

// What was verified afterwards, member by member as `status` shows it under "protection".
struct Protection {
    bool memory_locked = false;  // protected memory stays out of swap
    bool not_dumpable = false;   // no ptrace and no /proc/PID/mem for processes of the same user
    bool no_core = false;        // no core image, for children neither
    bool no_new_privileges = false;
};

// Also makes files 0600 and folders 0700 by default (umask 0077), lets memory be locked and files
// be open up to the hard limits, makes writing to a reader that is gone or beyond a size limit an error
// instead of a signal, and gives closed standard streams /dev/null, so that no later file takes their
// numbers. Never fails: what could not be had is false in the answer. A sanitized build stays dumpable, since
// LeakSanitizer needs ptrace.
Protection harden_process();

}  // namespace krakken::base
