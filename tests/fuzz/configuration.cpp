// app/configuration over any text: it is read or refused with the file's name, and nothing else happens.

#include "app/configuration.hpp"

#include "targets.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace krakken::fuzz {

namespace {

// One file for the whole run, gone with it.
class File {
public:
    File() {
        std::string name = (std::filesystem::temp_directory_path() / "krakken_fuzz_XXXXXX").string();
        const int descriptor = ::mkstemp(name.data());
        require(descriptor >= 0, "a file can be made");
        ::close(descriptor);
        path_ = name;
    }
    ~File() { ::unlink(path_.c_str()); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace

void configuration(Input input) {
    static const File file;
    std::ofstream(file.path(), std::ios::binary | std::ios::trunc) << text_of(input);
    const auto read = app::read_configuration(file.path());
    if (!read) {
        require(read.error().starts_with(file.path().string() + ':'), "a complaint names file and line");
        return;
    }
    require(read->base_url.starts_with("https://"), "only https");
    require(!read->listen || read->listen->address().is_loopback(), "no network is served");
    require(read->retry.max_attempts >= 1 && read->max_clients >= 1, "numbers are within their bounds");
    require(app::upstream_settings(*read).connect_timeout.count() >= 1, "no timeout is endless or none");
}

}  // namespace krakken::fuzz
