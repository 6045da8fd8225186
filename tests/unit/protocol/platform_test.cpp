// protocol/platform: what every system's file must do, tried on this one.

#include "protocol/platform.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <catch2/catch.hpp>

namespace {

using namespace krakken::protocol;
namespace fs = std::filesystem;

// A folder of the test's own, gone with it.
class Scratch {
public:
    Scratch() : path_((fs::temp_directory_path() / "platform-XXXXXX").string()) {
        REQUIRE(::mkdtemp(path_.data()) != nullptr);
    }
    ~Scratch() { fs::remove_all(path_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    fs::path path() const { return path_; }

private:
    std::string path_;
};

// Closes it at the end of the test.
class Held {
public:
    explicit Held(LocalStream stream) : stream_(stream) {}
    ~Held() { ::close(stream_); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    LocalStream stream() const { return stream_; }

private:
    LocalStream stream_;
};

}  // namespace

TEST_CASE("a local stream: bound with its mode, connected, and both ends know each other") {
    const Scratch scratch;
    const fs::path path = scratch.path() / "a.sock";
    const mode_t saved = ::umask(0);
    const auto bound = bind_local(path, 0620);
    ::umask(saved);
    REQUIRE(bound);
    const Held door(*bound);
    struct stat found{};
    REQUIRE(::lstat(path.c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0620);
    CHECK(connect_local(path).error() == std::errc::connection_refused);

    REQUIRE(::listen(door.stream(), 0) == 0);
    const auto connected = connect_local(path);
    REQUIRE(connected);
    const Held client(*connected);
    const Held server(::accept(door.stream(), nullptr, nullptr));
    for (const LocalStream stream : {client.stream(), server.stream()}) {
        const auto peer = peer_credentials(stream);
        REQUIRE(peer);
        CHECK(peer->uid == ::geteuid());
        CHECK(peer->pid == ::getpid());
        CHECK(std::ranges::find(peer->groups, ::getegid()) != peer->groups.end());
    }
    CHECK((::fcntl(client.stream(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(client.stream(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("a full queue of new connections is told from nobody") {
    const Scratch scratch;
    const fs::path path = scratch.path() / "a.sock";
    const Held door(bind_local(path, 0600).value());
    REQUIRE(::listen(door.stream(), 0) == 0);
    const Held first(connect_local(path).value());
    CHECK(connect_local(path).error() == std::errc::resource_unavailable_try_again);
}

TEST_CASE("where nobody can be connected to, or nothing bound, the reason is told") {
    const Scratch scratch;
    const fs::path too_long = scratch.path() / std::string(120, 'x');
    CHECK(connect_local(too_long).error() == std::errc::filename_too_long);
    CHECK(bind_local(too_long, 0600).error() == std::errc::filename_too_long);
    CHECK(connect_local(scratch.path() / "none").error() == std::errc::no_such_file_or_directory);
    CHECK(bind_local(scratch.path() / "no" / "a.sock", 0600).error() == std::errc::no_such_file_or_directory);
    fs::create_directory(scratch.path() / "taken");
    CHECK(bind_local(scratch.path() / "taken", 0600).error() == std::errc::address_in_use);
    CHECK_FALSE(peer_credentials(-1));
}

TEST_CASE("time goes on, files and folders are synced, and a failure is told") {
    const auto before = steady_time_with_sleep();
    CHECK(before.count() > 0);
    CHECK(steady_time_with_sleep() >= before);
    const Scratch scratch;
    const Held folder(::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    CHECK(sync_to_disk(folder.stream()));
    CHECK_FALSE(sync_to_disk(-1));
}

TEST_CASE("a process can be closed to inspection, for good") {
    // In a child, since none of it can be undone.
    const pid_t child = ::fork();
    if (child == 0) ::_exit((forbid_inspection() ? 1 : 0) | (forbid_new_privileges() ? 2 : 0));
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
#ifdef KRAKKEN_SANITIZED
    CHECK(WEXITSTATUS(status) == 2);
#else
    CHECK(WEXITSTATUS(status) == 3);
#endif
}

TEST_CASE("the program that a process runs is known by its file's name") {
    CHECK(program_of(::getpid()) == "test_protocol");
    CHECK(program_of(0).empty());
    CHECK(program_of(-1).empty());
}

TEST_CASE("a program's name is plain text, also when its file is gone") {
    const Scratch scratch;
    const fs::path program = scratch.path() / ("a\nb\xff" + std::string(100, 'x'));
    fs::copy_file("/bin/sleep", program);
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl(program.c_str(), "sleep", "60", nullptr);
        ::_exit(127);
    }
    // It is the forked test until it runs the other program.
    std::string name;
    while ((name = program_of(child)) == "test_protocol") {
    }
    CHECK(name == "a?b?" + std::string(60, 'x'));
    fs::remove(program);
    CHECK(program_of(child) == "a?b?" + std::string(60, 'x'));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    CHECK(program_of(child).empty());
}
