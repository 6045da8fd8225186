// Key files and previous versions on disk.

#include "keeper/vault_store.hpp"
#include "keeper/vault_crypto.hpp"
#include "support.hpp"

#include <unistd.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace krakken::keeper;
using namespace krakken::keeper::test;
using krakken::protocol::ErrorCode;
namespace fs = std::filesystem;
using Bytes = std::vector<unsigned char>;

namespace {

std::set<std::string> names_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
        names.insert(entry.path().filename().string());
    return names;
}

}  // namespace

TEST_CASE("the last three versions are kept, and leftovers of interrupted saves removed", "[store]") {
    const Scratch scratch;
    REQUIRE(create_vault(scratch.vault(), Bytes{1}).has_value());
    write_file(scratch.path() / ".secrets.enc.0011223344556677.tmp", Bytes{9});
    write_file(scratch.path() / "secrets.enc.note.bak", Bytes{9});
    for (unsigned char epoch = 1; epoch <= 12; ++epoch) {
        const Bytes loaded{epoch};
        const Bytes next{static_cast<unsigned char>(epoch + 1)};
        REQUIRE(save_vault(scratch.vault(), loaded, epoch, next).has_value());
    }
    CHECK(
        names_in(scratch.path()) ==
        std::set<std::string>{
            "secrets.enc",
            "secrets.enc.10.bak",
            "secrets.enc.11.bak",
            "secrets.enc.12.bak",
            "secrets.enc.note.bak"
        }
    );
    CHECK(read_file(scratch.path() / "secrets.enc.12.bak") == Bytes{12});
    CHECK(*load_vault(scratch.vault()) == Bytes{13});
}

TEST_CASE("a file that was changed or taken away since is not overwritten", "[store]") {
    const Scratch scratch;
    REQUIRE(create_vault(scratch.vault(), Bytes{1}).has_value());
    write_file(scratch.vault(), Bytes{7});
    CHECK(reason(save_vault(scratch.vault(), Bytes{1}, 1, Bytes{2}).error()) == "changed");
    CHECK(read_file(scratch.vault()) == Bytes{7});
    fs::remove(scratch.vault());
    CHECK(reason(save_vault(scratch.vault(), Bytes{1}, 1, Bytes{2}).error()) == "changed");
    CHECK(names_in(scratch.path()).empty());
}

TEST_CASE("a vault is made once", "[store]") {
    const Scratch scratch;
    const auto vault = scratch.path() / "folder" / "secrets.enc";
    CHECK(reason(load_vault(vault).error()) == "missing");
    REQUIRE(create_vault(vault, Bytes{1}).has_value());
    CHECK(reason(create_vault(vault, Bytes{2}).error()) == "exists");
    CHECK(read_file(vault) == Bytes{1});
}

TEST_CASE("a link in the vault's place is refused, and nothing is made where it points", "[store]") {
    const Scratch scratch;
    fs::create_symlink(scratch.path() / "elsewhere", scratch.vault());
    CHECK(reason(load_vault(scratch.vault()).error()) == "unreadable");
    CHECK(reason(create_vault(scratch.vault(), Bytes{1}).error()) == "unreadable");
    CHECK_FALSE(fs::exists(scratch.path() / "elsewhere"));
}

TEST_CASE("a key file is 32 bytes that only its owner can read", "[store]") {
    const Scratch scratch;
    const auto file = scratch.path() / "vault-key";
    // Not "missing", which says that there is no vault.
    CHECK(reason(read_key_file(file).error()) == "unreadable");
    CHECK_FALSE(read_key_file(file).error().remedy.empty());
    const auto key = random_key();
    REQUIRE(make_key_file(file, key).has_value());
    CHECK(read_file(file).size() == 32);
    struct stat status{};
    REQUIRE(stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    CHECK(read_key_file(file).has_value());
    CHECK(reason(make_key_file(file, key).error()) == "exists");

    chmod(file.c_str(), 0640);
    CHECK(reason(read_key_file(file).error()) == "mode");
    chmod(file.c_str(), 0400);
    CHECK(read_key_file(file).has_value());
    fs::create_symlink(file, scratch.path() / "link");
    CHECK(reason(read_key_file(scratch.path() / "link").error()) == "unreadable");
    for (const std::size_t size : {0U, 31U, 33U}) {
        write_file(scratch.path() / "other", Bytes(size, 1));
        CHECK(reason(read_key_file(scratch.path() / "other").error()) == "unreadable");
    }
}

TEST_CASE("a key file that cannot be made or read says what to do", "[store]") {
    const Scratch scratch;
    const auto refused = make_key_file(scratch.path() / "nowhere" / "vault-key", random_key()).error();
    CHECK(refused.code == ErrorCode::storage);
    CHECK(refused.message.find("the vault stays as it was: No such file") != std::string::npos);
    CHECK(refused.remedy.find("choose a folder that exists") == 0);
    write_file(scratch.path() / "short", Bytes(31, 1));
    for (const auto& file : {scratch.path() / "short", scratch.path()})
        CHECK_FALSE(read_key_file(file).error().remedy.empty());
}

TEST_CASE("a key file of a foreign owner is refused", "[store]") {
    if (geteuid() != 0) {
        WARN("only root can give files away");
        return;
    }
    const Scratch scratch;
    write_file(scratch.path() / "vault-key", Bytes(32, 1));
    REQUIRE(chown((scratch.path() / "vault-key").c_str(), 65534, 65534) == 0);
    CHECK(reason(read_key_file(scratch.path() / "vault-key").error()) == "owner");
}
