// Strict folders and files: what is refused before a byte is read, and what a failed save leaves behind.

#include "base/files.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

using krakken::base::Bytes;
using krakken::base::InstanceLock;
using krakken::base::StrictFolder;
using krakken::protocol::Error;
using krakken::protocol::ErrorCode;
namespace fs = std::filesystem;

namespace {

class Scratch {
public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "krakken_files_XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    ~Scratch() { fs::remove_all(path_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const fs::path& path() const { return path_; }
    StrictFolder folder() const { return *StrictFolder::open(path_); }

private:
    fs::path path_;
};

void write_file(const fs::path& path, const std::string& text) {
    std::ofstream(path) << text;
    chmod(path.c_str(), 0600);
}

Bytes bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

std::string reason(const Error& error) {
    const auto* value = error.details.if_contains("reason");
    return value ? std::string(value->as_string().c_str()) : "";
}

bool accept_all(std::span<const unsigned char>) {
    return true;
}

// A soft limit on the size of files, as a full disk would be; taken back at its end.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t size) {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{size, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("a missing folder is made 0700 with its parents", "[files]") {
    const Scratch scratch;
    const auto path = scratch.path() / "a" / "b";
    CHECK(reason(StrictFolder::open(path).error()) == "missing");
    REQUIRE(StrictFolder::open_or_make(path).has_value());
    struct stat status{};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0700);
}

TEST_CASE("folders with other rights, links and files are refused", "[files]") {
    const Scratch scratch;
    const auto open_folder = scratch.path() / "open";
    fs::create_directory(open_folder);
    for (const mode_t mode : {0755U, 0710U, 0500U}) {
        chmod(open_folder.c_str(), mode);
        const auto opened = StrictFolder::open_or_make(open_folder);
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().code == ErrorCode::vault);
        CHECK(reason(opened.error()) == "mode");
        CHECK(opened.error().message.find(open_folder.string()) != std::string::npos);
        CHECK(opened.error().remedy == "run: chmod 0700 '" + open_folder.string() + "'");
    }
    fs::create_directory_symlink(scratch.path(), scratch.path() / "link");
    CHECK(reason(StrictFolder::open_or_make(scratch.path() / "link").error()) == "unreadable");
    write_file(scratch.path() / "file", "");
    CHECK(reason(StrictFolder::open_or_make(scratch.path() / "file").error()) == "unreadable");
}

TEST_CASE("links, hard links, fifos, folders and other rights are refused as files", "[files]") {
    const Scratch scratch;
    const auto target = scratch.path() / "target";
    write_file(target, "content");
    fs::create_symlink(target, scratch.path() / "link");
    fs::create_hard_link(target, scratch.path() / "hard");
    REQUIRE(mkfifo((scratch.path() / "fifo").c_str(), 0600) == 0);
    fs::create_directory(scratch.path() / "folder");
    write_file(scratch.path() / "readable", "content");
    chmod((scratch.path() / "readable").c_str(), 0640);

    const auto folder = scratch.folder();
    for (const char* name : {"link", "hard", "fifo", "folder"}) {
        CAPTURE(name);
        const auto read = folder.read(name, 100);
        REQUIRE_FALSE(read.has_value());
        CHECK(reason(read.error()) == "unreadable");
        CHECK_FALSE(folder.check(name).has_value());
    }
    CHECK(reason(folder.read("readable", 100).error()) == "mode");
    CHECK(reason(folder.read("none", 100).error()) == "missing");
    CHECK(folder.check("none") == false);
}

TEST_CASE("foreign owners are refused", "[files]") {
    if (geteuid() != 0) {
        WARN("only root can give files away");
        return;
    }
    const Scratch scratch;
    write_file(scratch.path() / "foreign", "content");
    REQUIRE(chown((scratch.path() / "foreign").c_str(), 65534, 65534) == 0);
    CHECK(reason(scratch.folder().read("foreign", 100).error()) == "owner");
    fs::create_directory(scratch.path() / "theirs");
    chmod((scratch.path() / "theirs").c_str(), 0700);
    REQUIRE(chown((scratch.path() / "theirs").c_str(), 65534, 65534) == 0);
    CHECK(reason(StrictFolder::open_or_make(scratch.path() / "theirs").error()) == "owner");
}

TEST_CASE("a file larger than allowed is refused, one of just that size is read", "[files]") {
    const Scratch scratch;
    write_file(scratch.path() / "file", "12345");
    CHECK(scratch.folder().read("file", 5) == bytes("12345"));
    CHECK(reason(scratch.folder().read("file", 4).error()) == "unreadable");
}

TEST_CASE("a save replaces the file and leaves nothing else", "[files]") {
    const Scratch scratch;
    const auto folder = scratch.folder();
    REQUIRE(folder.replace("file", bytes("one"), accept_all).has_value());
    REQUIRE(folder.replace("file", bytes("two"), accept_all).has_value());
    CHECK(folder.read("file", 100) == bytes("two"));
    struct stat status{};
    REQUIRE(stat((scratch.path() / "file").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    CHECK(folder.names().size() == 3);  // with . and ..
}

TEST_CASE("a save over a link replaces the link, not its target", "[files]") {
    const Scratch scratch;
    write_file(scratch.path() / "target", "untouched");
    fs::create_symlink(scratch.path() / "target", scratch.path() / "file");
    const auto folder = scratch.folder();
    REQUIRE(folder.replace("file", bytes("new"), accept_all).has_value());
    CHECK(folder.read("target", 100) == bytes("untouched"));
    CHECK(folder.read("file", 100) == bytes("new"));
}

TEST_CASE("a save that is not accepted when read again leaves the old file", "[files]") {
    const Scratch scratch;
    const auto folder = scratch.folder();
    REQUIRE(folder.replace("file", bytes("old"), accept_all).has_value());
    Bytes seen;
    const auto saved = folder.replace("file", bytes("new"), [&](std::span<const unsigned char> again) {
        seen.assign(again.begin(), again.end());
        return false;
    });
    CHECK(seen == bytes("new"));
    REQUIRE_FALSE(saved.has_value());
    CHECK(saved.error().code == ErrorCode::storage);
    CHECK(folder.read("file", 100) == bytes("old"));
    CHECK(folder.names().size() == 3);
}

TEST_CASE("a disk that fills up after any number of bytes leaves the old file", "[files]") {
    const Scratch scratch;
    const auto folder = scratch.folder();
    REQUIRE(folder.replace("file", bytes("old"), accept_all).has_value());
    const Bytes next(64, 'x');
    for (rlim_t size = 0; size < next.size(); ++size) {
        krakken::protocol::Result<void> saved;
        {
            const FileSizeLimit full(size);
            saved = folder.replace("file", next, accept_all);
        }
        CAPTURE(size);
        REQUIRE_FALSE(saved.has_value());
        CHECK(saved.error().code == ErrorCode::storage);
        REQUIRE(folder.read("file", 100) == bytes("old"));
        REQUIRE(folder.names().size() == 3);
    }
    CHECK(folder.replace("file", next, accept_all).has_value());
}

TEST_CASE("a second process is refused the folder and told who holds it", "[files]") {
    const Scratch scratch;
    const auto folder = scratch.folder();
    const auto lock = InstanceLock::take(folder, "lock");
    REQUIRE(lock.has_value());
    const auto second = InstanceLock::take(folder, "lock");
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code == ErrorCode::storage);
    CHECK(second.error().details.at("pid") == getpid());
}

TEST_CASE("the kernel lets go of the lock of a process that was killed", "[files]") {
    const Scratch scratch;
    const auto folder = scratch.folder();
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto held = InstanceLock::take(folder, "lock");
        const char answer = held ? 'y' : 'n';
        (void)!write(ready[1], &answer, 1);
        pause();
    }
    char answer = 0;
    REQUIRE(read(ready[0], &answer, 1) == 1);
    CHECK(answer == 'y');
    const auto refused = InstanceLock::take(folder, "lock");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().details.at("pid") == child);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    CHECK(InstanceLock::take(folder, "lock").has_value());
    close(ready[0]);
    close(ready[1]);
}
