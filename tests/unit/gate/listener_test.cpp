// gate/listener: the sockets' files, their rights, and what may lie in the way.

#include "gate/listener.hpp"

#include "support/scratch.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using gate::listen_at;
using gate::prepare_runtime_folder;
namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
    struct stat found{};
    REQUIRE(::lstat(path.c_str(), &found) == 0);
    return found.st_mode & 07777;
}

bool answers(const fs::path& path) {
    const base::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    return ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::string refusal(const fs::path& path) {
    const auto socket = listen_at(path, 0600, std::nullopt);
    REQUIRE_FALSE(socket);
    return socket.error().message;
}

}  // namespace

TEST_CASE("a socket is born with its mode, whatever the umask") {
    const auto umask_before = GENERATE(as<mode_t>(), 0, 022, 0777);
    const mode_t mode = GENERATE(as<mode_t>(), 0600, 0660);
    const test::Scratch scratch;
    const mode_t saved = ::umask(umask_before);
    const auto socket = listen_at(scratch.path() / "a.sock", mode, std::nullopt);
    ::umask(saved);
    REQUIRE(socket);
    CHECK(mode_of(scratch.path() / "a.sock") == mode);
    CHECK(answers(scratch.path() / "a.sock"));
    CHECK((::fcntl(socket->number(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a socket that a dead daemon left behind is replaced") {
    const test::Scratch scratch;
    const auto path = scratch.path() / "a.sock";
    {
        REQUIRE(listen_at(path, 0600, std::nullopt));
    }
    REQUIRE(fs::exists(path));
    CHECK_FALSE(answers(path));
    const auto socket = listen_at(path, 0600, std::nullopt);
    REQUIRE(socket);
    CHECK(answers(path));
}

TEST_CASE("a socket at which somebody answers is left alone") {
    const test::Scratch scratch;
    const auto path = scratch.path() / "a.sock";
    const auto living = listen_at(path, 0600, std::nullopt);
    REQUIRE(living);
    CHECK(refusal(path).contains("another daemon answers there"));
    CHECK(answers(path));
}

TEST_CASE("what is no socket is not removed") {
    const test::Scratch scratch;
    const auto file = scratch.file("file", "precious");
    CHECK(refusal(file).contains("no socket"));
    CHECK(fs::file_size(file) == 8);
    fs::create_directory(scratch.path() / "folder");
    CHECK(refusal(scratch.path() / "folder").contains("no socket"));
    fs::create_symlink(file, scratch.path() / "link");
    CHECK(refusal(scratch.path() / "link").contains("no socket"));
    CHECK(fs::is_symlink(scratch.path() / "link"));
}

TEST_CASE("a path that is too long for a socket is refused by name") {
    const test::Scratch scratch;
    const auto path = scratch.path() / std::string(120, 'x');
    CHECK(refusal(path).contains("too long"));
    CHECK(refusal(path).contains("--runtime-dir"));
}

TEST_CASE("a folder that is not there is an error") {
    const test::Scratch scratch;
    CHECK(refusal(scratch.path() / "no" / "a.sock").contains("cannot be bound"));
}

TEST_CASE("a missing runtime folder is made, with those above it") {
    const test::Scratch scratch;
    const auto folder = scratch.path() / "a" / "run";
    REQUIRE(prepare_runtime_folder(folder, std::nullopt));
    CHECK(mode_of(folder) == 0700);
    REQUIRE(prepare_runtime_folder(folder, std::nullopt));
}

TEST_CASE("a runtime folder for a group can be entered by it, whether made or found") {
    const test::Scratch scratch;
    const auto made = scratch.path() / "made";
    REQUIRE(prepare_runtime_folder(made, ::getegid()));
    CHECK(mode_of(made) == 0750);
    const auto found = scratch.path() / "found";
    REQUIRE(prepare_runtime_folder(found, std::nullopt));
    REQUIRE(prepare_runtime_folder(found, ::getegid()));
    CHECK(mode_of(found) == 0750);
}

TEST_CASE("a runtime folder that others can enter is refused with the remedy") {
    const mode_t mode = GENERATE(as<mode_t>(), 0755, 0777, 0750, 01700);
    const test::Scratch scratch;
    const auto folder = scratch.path() / "run";
    fs::create_directory(folder);
    ::chmod(folder.c_str(), mode);
    const auto ready = prepare_runtime_folder(folder, std::nullopt);
    REQUIRE_FALSE(ready);
    CHECK(ready.error().message.contains("chmod 700"));
    CHECK(mode_of(folder) == mode);
}

TEST_CASE("a runtime folder that is no folder is refused") {
    const test::Scratch scratch;
    CHECK_FALSE(prepare_runtime_folder(scratch.file("file", ""), std::nullopt));
    fs::create_directory_symlink(scratch.path(), scratch.path() / "link");
    CHECK_FALSE(prepare_runtime_folder(scratch.path() / "link", std::nullopt));
}
