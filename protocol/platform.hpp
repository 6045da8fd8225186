#pragma once

// Everything that differs between operating systems, and nothing else: a port is one more file that defines
// these functions, protocol/platform_<system>.cpp. What each must do elsewhere stands with it; of the rest,
// what is POSIX is used as it is.
//
// No function throws, and none but connect_local and sync_to_disk may take long.

#include "protocol/environment.hpp"

#include <sys/types.h>
#include <chrono>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace krakken::protocol {

// --- The local transport: a stream between two programs of this machine. ---
// A number that the caller closes; never inherited by a child, never blocking. Windows: the handle of a named
// pipe, of which Asio's streams take over either.
using LocalStream = int;

// Connects without waiting. filename_too_long, no_such_file_or_directory, connection_refused (nobody listens
// there), resource_unavailable_try_again (the queue of new connections is full), permission_denied, ...
std::expected<LocalStream, std::error_code> connect_local(const std::filesystem::path& path);

// A stream bound to a path that is free; nobody can connect before it listens. The path never has more than
// `mode`, not even for a moment. macOS: a socket cannot be given a mode before it is bound; bind under a
// umask instead, and set SO_NOSIGPIPE. Windows: a security descriptor does what `mode` does.
std::expected<LocalStream, std::error_code> bind_local(const std::filesystem::path& path, mode_t mode);

// --- Who is at the other end, by the kernel's word. ---
struct PeerCredentials {
    uid_t uid = 0;
    pid_t pid = 0;
    std::vector<gid_t> groups;  // primary and supplementary
};

// Any uid of another user namespace is shown as this one: nobody to trust.
inline constexpr uid_t unmapped_uid = 65534;

// As they were when the connection was made; empty when the kernel does not tell, which is a refusal.
// macOS: LOCAL_PEERCRED and LOCAL_PEERPID. Windows: GetNamedPipeClientProcessId and the token's user.
std::optional<PeerCredentials> peer_credentials(LocalStream stream);

// The file name of the program that this process runs, for people: a process may call itself what it likes,
// and its number may be another's by now. At most 64 printable ASCII characters; empty when the kernel does
// not tell. macOS: proc_pidpath. Windows: QueryFullProcessImageName.
std::string program_of(pid_t pid);

// --- Folders, where neither the command line nor a service manager names them. ---
// Empty when there is nothing to go by. macOS: ~/Library/Application Support/kraken_bot, `state` within the
// configuration folder, ~/.krakkend/run. Windows: %APPDATA%\kraken_bot, %LOCALAPPDATA%\kraken_bot, \\.\pipe.
std::filesystem::path standard_config_dir(const Environment& environment);
std::filesystem::path standard_state_dir(
    const Environment& environment, const std::filesystem::path& config_dir
);
std::filesystem::path standard_runtime_dir(
    const Environment& environment, const std::filesystem::path& state_dir
);

// --- Disk, time, process. ---
// Returns when what was written to the open file or folder survives a power cut; false with errno set.
// macOS: fcntl F_FULLFSYNC (fsync leaves data in the drive's cache; SQLite: PRAGMA fullfsync).
// Windows: FlushFileBuffers.
bool sync_to_disk(int file);

// Since some fixed moment; it never steps and counts the time that the machine slept. macOS:
// mach_continuous_time. Windows: QueryInterruptTimePrecise.
std::chrono::microseconds steady_time_with_sleep();

// Keeps other processes of this user from reading this one's memory, and the kernel from writing it to a core
// image. True if it is so afterwards. A sanitized build stays readable, since LeakSanitizer needs ptrace.
// macOS: PT_DENY_ATTACH. Windows: a process DACL without PROCESS_VM_READ.
bool forbid_inspection();

// What this process starts can have no more rights than it has. macOS, Windows: nothing to be had, false.
bool forbid_new_privileges();

}  // namespace krakken::protocol
