// config.toml is replaced whole or not at all, and belongs to whom it belonged.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "client/ctl/config_file.hpp"
#include "support/scratch.hpp"

namespace {

using namespace krakken::ctl;
namespace fs = std::filesystem;

struct Folder : krakken::test::Scratch {
    fs::path operator/(const char* name) const { return path() / name; }
    auto entries() const { return std::distance(fs::directory_iterator(path()), fs::directory_iterator()); }
};

std::string content(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

struct stat about(const fs::path& path) {
    struct stat found{};
    REQUIRE(stat(path.c_str(), &found) == 0);
    return found;
}

mode_t mode(const fs::path& path) {
    return about(path).st_mode & 07777U;
}

constexpr uid_t stranger = 65534;

}  // namespace

TEST_CASE("a link that leads nowhere is not taken for a missing file, which setup would write") {
    const Folder folder;
    fs::create_symlink(folder / "gone", folder / "config.toml");
    const auto read = read_config(folder / "config.toml");
    REQUIRE_FALSE(read);
    CHECK(read.error() == (folder / "config.toml").string() + " is a link that leads nowhere");
}

TEST_CASE("a new file and its folder are the daemon's to read and its owner's to write") {
    const Folder folder;
    const fs::path own = folder / "own" / "config.toml";
    REQUIRE(replace_config(own, "a = 1\n", geteuid()));
    CHECK(content(own) == "a = 1\n");
    CHECK(mode(own) == 0600);
    CHECK(mode(own.parent_path()) == 0700);
    CHECK(read_config(own).value() == "a = 1\n");
    const fs::path service = folder / "service" / "config.toml";
    REQUIRE(replace_config(service, "a = 1\n", geteuid() + 1));
    CHECK(mode(service) == 0644);
    CHECK(mode(service.parent_path()) == 0755);
}

TEST_CASE("owner and mode of an existing file stay, a link is followed") {
    const Folder folder;
    const fs::path file = folder / "real.toml";
    std::ofstream(file) << "old";
    REQUIRE(chmod(file.c_str(), 0640) == 0);
    if (geteuid() == 0) REQUIRE(chown(file.c_str(), stranger, stranger) == 0);
    const struct stat before = about(file);
    const fs::path link = folder / "config.toml";
    fs::create_symlink("real.toml", link);
    REQUIRE(replace_config(link, "new", geteuid()));
    CHECK(fs::is_symlink(link));
    CHECK(content(file) == "new");
    CHECK(mode(file) == 0640);
    CHECK(about(file).st_uid == before.st_uid);
    CHECK(about(file).st_gid == before.st_gid);
    CHECK(folder.entries() == 2);  // nothing half-done lies about
}

TEST_CASE("what cannot be written is said, and nothing changes") {
    const Folder folder;
    const fs::path in_the_way = folder / "config.toml";
    fs::create_directory(in_the_way);
    CHECK_FALSE(replace_config(in_the_way, "x", geteuid()));
    CHECK_FALSE(read_config(in_the_way));
    CHECK(folder.entries() == 1);
    std::ofstream(folder / "file") << "x";
    CHECK_FALSE(replace_config(folder / "file" / "config.toml", "x", geteuid()));
    CHECK(read_config(folder / "missing").value() == std::nullopt);
    if (geteuid() != 0) return;
    const fs::path foreign = folder / "foreign";
    fs::create_directory(foreign);
    REQUIRE(chown(foreign.c_str(), stranger, stranger) == 0);
    CHECK_FALSE(replace_config(foreign / "config.toml", "x", 0));
    CHECK(replace_config(foreign / "config.toml", "x", stranger));
}
