// app/configuration: the file itself.

#include "app/configuration.hpp"
#include "support/scratch.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using app::read_configuration;
namespace fs = std::filesystem;

}  // namespace

TEST_CASE("a missing file is an empty one") {
    const test::Scratch scratch;
    CHECK(read_configuration(scratch.path() / "config.toml"));
    CHECK(read_configuration(scratch.path() / "no" / "config.toml"));
}

TEST_CASE("a link that leads nowhere is no missing file: the defaults are not what it stands for") {
    const test::Scratch scratch;
    fs::create_symlink(scratch.path() / "gone", scratch.path() / "config.toml");
    const auto read = read_configuration(scratch.path() / "config.toml");
    REQUIRE_FALSE(read);
    CHECK(
        read.error() ==
        (scratch.path() / "config.toml").string() + " is a link that leads nowhere; repair or remove it"
    );
}

TEST_CASE("a file that others can write is refused with the remedy") {
    const mode_t mode = GENERATE(as<mode_t>(), 0620, 0602, 0666);
    const test::Scratch scratch;
    const auto file = scratch.file("config.toml", "");
    ::chmod(file.c_str(), mode);
    const auto configuration = read_configuration(file);
    REQUIRE_FALSE(configuration);
    CHECK(configuration.error().contains("chmod go-w " + file.string()));
}

TEST_CASE("a file of root's is read, a foreign user's is refused with the remedy") {
    if (::geteuid() != 0) return;  // only root can give files away
    const test::Scratch scratch;
    const auto file = scratch.file("config.toml", "region = \"DE\"");
    REQUIRE(::chown(file.c_str(), 12345, 12345) == 0);
    const auto foreign = read_configuration(file);
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().contains("belongs to uid 12345; run: chown 0 "));
    REQUIRE(::chown(file.c_str(), 0, 0) == 0);
    ::chmod(scratch.path().c_str(), 0755);
    ::chmod(file.c_str(), 0644);
    REQUIRE(::seteuid(12345) == 0);
    const auto of_root = read_configuration(file);
    const int back = ::seteuid(0);
    REQUIRE(back == 0);
    CHECK(of_root);
}

TEST_CASE("a file that is too large for a configuration is not read") {
    const test::Scratch scratch;
    const auto file = scratch.file("config.toml", std::string((1 << 20) + 1, '#'));
    CHECK_FALSE(read_configuration(file));
}

TEST_CASE("others may read it, and it may be a link") {
    const test::Scratch scratch;
    const auto file = scratch.file("real.toml", "region = \"DE\"");
    ::chmod(file.c_str(), 0644);
    fs::create_symlink(file, scratch.path() / "config.toml");
    const auto configuration = read_configuration(scratch.path() / "config.toml");
    REQUIRE(configuration);
    CHECK(configuration->profile.region == "DE");
}

TEST_CASE("what is no file is refused and not waited for") {
    const test::Scratch scratch;
    fs::create_directory(scratch.path() / "folder");
    CHECK_FALSE(read_configuration(scratch.path() / "folder"));
    const auto pipe = scratch.path() / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_FALSE(read_configuration(pipe));
}

TEST_CASE("what is not TOML is refused with its line") {
    const auto text = GENERATE(
        as<std::string>(),
        "region = \"a\"\nregion = \"b\"",
        "\nregion =",
        "\n[socket",
        "\n= 1",
        "\nregion = \"\xFF\""
    );
    CAPTURE(text);
    const test::Scratch scratch;
    const auto file = scratch.file("config.toml", text);
    const auto configuration = read_configuration(file);
    REQUIRE_FALSE(configuration);
    CHECK(configuration.error().starts_with(file.string() + ":2: "));
}
