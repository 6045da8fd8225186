// Every input that the fuzz targets were given or found, run once through the same functions.

#include "targets.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

using krakken::fuzz::Input;

void run_corpus(const std::string& name, void (*target)(Input)) {
    int inputs = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(KRAKKEN_CORPUS) / name)) {
        CAPTURE(entry.path());
        std::ifstream file(entry.path(), std::ios::binary);
        const std::vector<unsigned char> bytes{std::istreambuf_iterator<char>(file), {}};
        CHECK_NOTHROW(target(bytes));
        ++inputs;
    }
    CHECK(inputs > 0);
    CHECK_NOTHROW(target({}));
}

}  // namespace

TEST_CASE("requests of the corpus") {
    run_corpus("requests", krakken::fuzz::requests);
}

TEST_CASE("JSON texts of the corpus") {
    run_corpus("json_text", krakken::fuzz::json_text);
}

TEST_CASE("replies of the corpus") {
    run_corpus("replies", krakken::fuzz::replies);
}

TEST_CASE("parameters of the corpus") {
    run_corpus("parameters", krakken::fuzz::parameters);
}

TEST_CASE("bodies of the corpus") {
    run_corpus("bodies", krakken::fuzz::bodies);
}

TEST_CASE("configurations of the corpus") {
    run_corpus("configuration", krakken::fuzz::configuration);
}
