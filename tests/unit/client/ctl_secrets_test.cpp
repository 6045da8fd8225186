#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "client/ctl/arguments.hpp"
#include "client/ctl/secrets.hpp"
#include "support/scratch.hpp"

namespace {

using namespace krakken::ctl;
namespace fs = std::filesystem;

// A file that goes with the object.
class PassphraseFile {
public:
    explicit PassphraseFile(const std::string& content, mode_t mode = 0600)
        : path_(folder_.file("passphrase", content)) {
        chmod(path_.c_str(), mode);
    }
    const fs::path& path() const { return path_; }
    const fs::path& folder() const { return folder_.path(); }

private:
    krakken::test::Scratch folder_;
    fs::path path_;
};

}  // namespace

TEST_CASE("the passphrase is the file's first line") {
    const auto& [content, passphrase] = GENERATE(table<std::string, std::string>(
        {{"secret words", "secret words"},
         {"secret words\n", "secret words"},
         {"secret words\r\nsecond\n", "secret words"},
         {" spaces count \n", " spaces count "},
         {std::string(3000, 'x') + "\ny", std::string(3000, 'x')}}
    ));
    const PassphraseFile file(content);
    CHECK((read_passphrase_file(file.path()).view() == passphrase));
    SecretSource source;
    source.passphrase_file = file.path();
    CHECK((SecretReader(source).passphrase("the passphrase", "?").view() == passphrase));
}

TEST_CASE("a file that others can use is refused with the remedy") {
    const auto mode = GENERATE(as<mode_t>(), 0640, 0604, 0620, 0660, 0644, 0601, 0777);
    const PassphraseFile file("secret\n", mode);
    CHECK_THROWS_WITH(read_passphrase_file(file.path()), Catch::Contains("chmod 600"));
}

TEST_CASE("what is no file with a line is refused") {
    const PassphraseFile empty("");
    CHECK_THROWS_AS(read_passphrase_file(empty.path()), UsageError);
    CHECK_THROWS_AS(read_passphrase_file(empty.folder()), UsageError);
    CHECK_THROWS_AS(read_passphrase_file(empty.folder() / "missing"), UsageError);
    const fs::path fifo = empty.folder() / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    CHECK_THROWS_AS(read_passphrase_file(fifo), UsageError);
    const PassphraseFile endless(std::string(10'000, 'x'));
    CHECK_THROWS_AS(read_passphrase_file(endless.path()), UsageError);
}

TEST_CASE("an empty passphrase, and one that is no UTF-8: refused") {
    const auto content = GENERATE(as<std::string>(), "\n", "\xFF\xFE\n");
    const PassphraseFile file(content);
    SecretSource source;
    source.passphrase_file = file.path();
    SecretReader reader(source);
    CHECK_THROWS_AS(reader.passphrase("the passphrase", "?"), UsageError);
    CHECK_THROWS_AS(reader.new_passphrase("the passphrase", "?"), UsageError);
}

TEST_CASE("a file of secrets is read whole, with its mode") {
    const auto size = GENERATE(as<std::size_t>(), 0, 1, 511, 512, 513, 100'000, 1U << 20U);
    const PassphraseFile file(std::string(size, 'x'), 0640);
    const SecretFile read = read_secret_file(file.path());
    CHECK((read.text.view() == std::string(size, 'x')));
    CHECK(read.mode == 0640);
    const fs::path link = file.folder() / "link";
    fs::create_symlink(file.path(), link);
    CHECK(read_secret_file(link).text.size() == size);
}

TEST_CASE("a file of secrets that is none is refused") {
    const PassphraseFile longer(std::string((1U << 20U) + 1, 'x'));
    CHECK_THROWS_WITH(read_secret_file(longer.path()), Catch::Contains("longer than 1 MiB"));
    CHECK_THROWS_WITH(read_secret_file(longer.folder()), Catch::Contains("not a regular file"));
    CHECK_THROWS_WITH(read_secret_file(longer.folder() / "missing"), Catch::Contains("cannot open"));
    const fs::path fifo = longer.folder() / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    CHECK_THROWS_WITH(read_secret_file(fifo), Catch::Contains("not a regular file"));
}

TEST_CASE("hints on new passphrases") {
    const auto hint = [](std::string_view passphrase) { return std::string(strength_hint(passphrase)); };
    for (const auto* good : {"correct horse battery", "four odd new words", "x8Q!vp2-Lm0,ss7_Wq9k"})
        CHECK(hint(good).empty());
    for (const auto* brief : {"x", "pa55 Word!", "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC"})
        CHECK(hint(brief).starts_with("Warning: shorter than 12 characters"));
    for (const auto* plain : {"accommodation", "1234567890123"})
        CHECK(hint(plain).starts_with("Warning: one word or number"));
    CHECK(hint("pa55 Word! 77").starts_with("That will do"));
}
