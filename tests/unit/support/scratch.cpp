#include "support/scratch.hpp"

#include <sys/stat.h>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

namespace krakken::test {

Scratch::Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "krakken_test_XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no scratch folder");
    path_ = name;
}

Scratch::~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path Scratch::file(std::string_view name, std::string_view text) const {
    const auto path = path_ / name;
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), 0600);
    return path;
}

}  // namespace krakken::test
