#pragma once

// A folder of the test's own, gone with it.

#include <filesystem>
#include <string_view>

namespace krakken::test {

class Scratch {
public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const std::filesystem::path& path() const { return path_; }
    // Writes a file of mode 0600 and returns where it is.
    std::filesystem::path file(std::string_view name, std::string_view text) const;

private:
    std::filesystem::path path_;
};

}  // namespace krakken::test
