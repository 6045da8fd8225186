// A machine that fails at a chosen moment: preloaded into the daemon, it counts the calls with which a
// program writes, syncs, sends and receives, and kills it at one of them, or lets syncing lie or fail.
//
// What it is to do stands in a small file that the test maps, too (FAULTY_SYSTEM): see scene.py.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>

namespace {

enum Syncing : std::uint64_t { works = 0, lies = 1, fails = 2 };

struct Orders {
    std::atomic<std::uint64_t> armed;    // counting has begun
    std::atomic<std::uint64_t> count;    // calls so far
    std::atomic<std::uint64_t> kill_at;  // the process ends at this call; 0: never
    std::atomic<std::uint64_t> after;    // when the call has been made, not before
    std::atomic<std::uint64_t> syncing;
};

Orders* open_orders() {
    static Orders none{};
    const char* path = std::getenv("FAULTY_SYSTEM");
    if (path == nullptr) return &none;
    const int file = open(path, O_RDWR | O_CLOEXEC);
    void* mapped = mmap(nullptr, sizeof(Orders), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) abort();
    return static_cast<Orders*>(mapped);
}

Orders& orders() {
    static Orders* const opened = open_orders();
    return *opened;
}

// Makes the call, and counts it; the process may not live to see its result, or its begin.
template <class Call>
auto counted(Call call) {
    Orders& now = orders();
    if (now.armed == 0) return call();
    const bool last = ++now.count == now.kill_at;
    if (last && now.after == 0) kill(getpid(), SIGKILL);
    const auto result = call();
    const int error = errno;
    if (last) kill(getpid(), SIGKILL);
    errno = error;
    return result;
}

template <class Function, class... Arguments>
auto counted(const char* name, Arguments... arguments) {
    auto* const next = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
    return counted([&] { return next(arguments...); });
}

template <class Function>
int sync_with(const char* name, int file) {
    auto* const next = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
    return counted([&] {
        if (orders().syncing == lies) return 0;
        if (orders().syncing == fails) {
            errno = EIO;
            return -1;
        }
        return next(file);
    });
}

}  // namespace

extern "C" {

ssize_t read(int file, void* data, size_t size) {
    return counted<decltype(read)>("read", file, data, size);
}

ssize_t readv(int file, const iovec* parts, int count) {
    return counted<decltype(readv)>("readv", file, parts, count);
}

ssize_t recv(int file, void* data, size_t size, int flags) {
    return counted<decltype(recv)>("recv", file, data, size, flags);
}

ssize_t recvmsg(int file, msghdr* message, int flags) {
    return counted<decltype(recvmsg)>("recvmsg", file, message, flags);
}

ssize_t write(int file, const void* data, size_t size) {
    return counted<decltype(write)>("write", file, data, size);
}

ssize_t writev(int file, const iovec* parts, int count) {
    return counted<decltype(writev)>("writev", file, parts, count);
}

ssize_t pwrite(int file, const void* data, size_t size, off_t offset) {
    return counted<decltype(pwrite)>("pwrite", file, data, size, offset);
}

ssize_t pwrite64(int file, const void* data, size_t size, off64_t offset) {
    return counted<decltype(pwrite64)>("pwrite64", file, data, size, offset);
}

ssize_t send(int file, const void* data, size_t size, int flags) {
    return counted<decltype(send)>("send", file, data, size, flags);
}

ssize_t sendmsg(int file, const msghdr* message, int flags) {
    return counted<decltype(sendmsg)>("sendmsg", file, message, flags);
}

int ftruncate64(int file, off64_t size) {
    return counted<decltype(ftruncate64)>("ftruncate64", file, size);
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) {
    return counted<decltype(renameat)>("renameat", from_folder, from, to_folder, to);
}

int unlink(const char* path) {
    return counted<decltype(unlink)>("unlink", path);
}

int unlinkat(int folder, const char* path, int flags) {
    return counted<decltype(unlinkat)>("unlinkat", folder, path, flags);
}

int fsync(int file) {
    return sync_with<decltype(fsync)>("fsync", file);
}

int fdatasync(int file) {
    return sync_with<decltype(fdatasync)>("fdatasync", file);
}
}
