#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "client/ctl/arguments.hpp"
#include "client/ctl/secrets.hpp"

namespace {

using namespace krakken::ctl;
namespace fs = std::filesystem;

// A file that goes with the object.
class PassphraseFile {
public:
    explicit PassphraseFile(const std::string& content, mode_t mode = 0600) {
        std::string name = fs::temp_directory_path() / "krakken-XXXXXX";
        folder_ = mkdtemp(name.data());
        path_ = folder_ / "passphrase";
        std::ofstream(path_) << content;
        chmod(path_.c_str(), mode);
    }
    ~PassphraseFile() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    PassphraseFile(const PassphraseFile&) = delete;
    PassphraseFile& operator=(const PassphraseFile&) = delete;
    const fs::path& path() const { return path_; }
    const fs::path& folder() const { return folder_; }

private:
    fs::path folder_;
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

TEST_CASE("an empty passphrase, one that is no UTF-8, a new one that is short: refused") {
    const auto& [content, fresh] = GENERATE(table<std::string, bool>(
        {{"\n", false},
         {"\xFF\xFE\n", false},
         {"seven77\n", true},
         {"\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\n", true}}
    ));
    const PassphraseFile file(content);
    SecretSource source;
    source.passphrase_file = file.path();
    SecretReader reader(source);
    if (fresh) {
        CHECK_THROWS_WITH(reader.new_passphrase("the passphrase", "?"), Catch::Contains("8 characters"));
        CHECK_NOTHROW(reader.passphrase("the passphrase", "?"));
    } else {
        CHECK_THROWS_AS(reader.passphrase("the passphrase", "?"), UsageError);
    }
}

TEST_CASE("hints on new passphrases") {
    CHECK(strength_hint("correct horse battery").empty());
    CHECK(std::string(strength_hint("12345678")).find("easy to guess") != std::string::npos);
    CHECK(std::string(strength_hint("password")).find("easy to guess") != std::string::npos);
    CHECK(std::string(strength_hint("pa55 Word")).find("will do") != std::string::npos);
}
