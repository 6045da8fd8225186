// nonce/legacy: old nonce files, good, torn and absurd.

#include "nonce/legacy.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

using krakken::base::NonceUnit;
using krakken::base::Time;
using krakken::nonce::read_legacy_file;
using krakken::nonce::read_legacy_folder;
using krakken::nonce::unit_of_floor;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "krakken_legacy_XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("no scratch folder");
        path = name;
    }
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }

    fs::path file(const std::string& name, std::string_view text) const {
        std::ofstream(path / name, std::ios::binary) << text;
        return path / name;
    }

    fs::path path;
};

std::string reason(const krakken::protocol::Error& error) {
    return std::string(error.details.at("reason").as_string());
}

std::string refused(const fs::path& path) {
    const auto value = read_legacy_file(path);
    REQUIRE_FALSE(value);
    CHECK(value.error().code == krakken::protocol::ErrorCode::invalid_params);
    CHECK(value.error().message.find(path.string()) != std::string::npos);
    CHECK_FALSE(value.error().remedy.empty());
    return reason(value.error());
}

constexpr Time now{std::chrono::seconds(1'700'000'000)};

}  // namespace

TEST_CASE("a file with one decimal number is read, with white space around it") {
    const Folder folder;
    const auto [text, value] = GENERATE(table<std::string, std::uint64_t>(
        {{"1700000000000000", 1'700'000'000'000'000},
         {"1700000000000000\n", 1'700'000'000'000'000},
         {"\r\n\t 42 \r\n", 42},
         {"0", 0},
         {"0042", 42},
         {"9223372036854775807", 9'223'372'036'854'775'807}}
    ));
    CAPTURE(text);
    CHECK(read_legacy_file(folder.file("n.txt", text)) == value);
}

TEST_CASE("a torn, empty or foreign file is refused by a sentence that names it") {
    const Folder folder;
    const auto text = GENERATE(
        as<std::string>(),
        "",
        " \n",
        "12 34",
        "12\n34",
        "-5",
        "+5",
        "1700000000.5",
        "0x1f",
        "{\"nonce\":5}",
        std::string("17000\0\0\0", 8),
        "9223372036854775808",
        "99999999999999999999999999",
        std::string(64, ' ') + "5"
    );
    CAPTURE(text);
    CHECK(refused(folder.file("n.txt", text)) == "number");
}

TEST_CASE("a file of 64 bytes is not too long") {
    const Folder folder;
    CHECK(read_legacy_file(folder.file("n.txt", "5" + std::string(63, '\n'))) == 5);
}

TEST_CASE("only a regular file is read, and a link is not followed") {
    const Folder folder;
    const fs::path good = folder.file("good.txt", "5");
    CHECK(refused(folder.path / "none.txt") == "missing");
    CHECK(refused(folder.path) == "unreadable");

    const fs::path link = folder.path / "link.txt";
    fs::create_symlink(good, link);
    CHECK(refused(link) == "unreadable");

    const fs::path fifo = folder.path / "fifo.txt";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(refused(fifo) == "unreadable");  // and does not wait for a writer
    fs::create_symlink(fifo, folder.path / "link_to_fifo.txt");
    CHECK(refused(folder.path / "link_to_fifo.txt") == "unreadable");
}

TEST_CASE("the files of a folder belong to the accounts that their names fold to") {
    const Folder folder;
    folder.file("kraken_nonce.txt", "10");
    folder.file("kraken_nonce_Desk One.txt", "20");
    folder.file("kraken_nonce_ALICE.txt", "30");
    folder.file("kraken_nonce_alice.txt", "31");
    folder.file("kraken_nonce_bob.txt", "torn");
    folder.file("kraken_nonce_.txt", "40");
    folder.file("kraken_nonces.txt", "50");
    folder.file("kraken_nonce_carol.txt.bak", "60");
    folder.file("readme.txt", "70");
    const auto found = read_legacy_folder(folder.path);
    std::map<std::string, std::uint64_t> floors;
    for (const auto& [account, floor] : found.floors)
        floors[account.text()] = floor;
    CHECK(floors == std::map<std::string, std::uint64_t>{{"master", 10}, {"desk_one", 20}, {"alice", 31}});
    REQUIRE(found.warnings.size() == 2);
    CHECK(found.warnings.at(0).find("kraken_nonce_.txt") != std::string::npos);
    CHECK(found.warnings.at(1).find("kraken_nonce_bob.txt") != std::string::npos);
}

TEST_CASE("of very many files that are not used only some are named") {
    const Folder folder;
    for (int i = 0; i < 100; ++i)
        folder.file("kraken_nonce_" + std::to_string(i) + ".txt", i < 50 ? "torn" : "10");
    const auto found = read_legacy_folder(folder.path);
    CHECK(found.floors.size() == 50);
    REQUIRE(found.warnings.size() == 21);
    CHECK(found.warnings.back() == "30 more nonce files in " + folder.path.string() + " are not used either");
}

TEST_CASE("a folder that is not there is one warning, an empty one is none") {
    const Folder folder;
    CHECK(read_legacy_folder(folder.path).warnings.empty());
    const auto found = read_legacy_folder(folder.path / "none");
    CHECK(found.floors.empty());
    REQUIRE(found.warnings.size() == 1);
    CHECK(found.warnings.at(0).find((folder.path / "none").string()) != std::string::npos);
}

TEST_CASE("a floor takes the coarsest unit in which it is at most a day ahead of the clock") {
    constexpr std::uint64_t clock = 1'700'000'000'000'000;  // in microseconds
    constexpr std::uint64_t day = 86'400'000'000;
    using enum NonceUnit;
    const auto [floor, unit] = GENERATE_COPY(table<std::uint64_t, NonceUnit>(
        {{0, microseconds},
         {1'700'000'000'000, microseconds},  // milliseconds: below every unit's clock
         {clock, microseconds},
         {clock + day, microseconds},
         {clock + day + 1, ten_nanoseconds},
         {(clock - day) * 100, ten_nanoseconds},
         {(clock + day) * 100, ten_nanoseconds},
         {(clock + day) * 100 + 1, nanoseconds},
         {(clock + day) * 1000, nanoseconds}}
    ));
    CAPTURE(floor);
    CHECK(unit_of_floor(floor, now) == unit);
}

TEST_CASE("a floor that is too far ahead in every unit is absurd") {
    const auto floor = GENERATE(
        std::uint64_t{1'700'086'400'000'000'001}, std::uint64_t{9'223'372'036'854'775'807}, ~std::uint64_t{0}
    );
    const auto unit = unit_of_floor(floor, now);
    REQUIRE_FALSE(unit);
    CHECK(reason(unit.error()) == "absurd");
    CHECK(unit.error().message.find(std::to_string(floor)) != std::string::npos);
    CHECK_FALSE(unit.error().remedy.empty());
}
