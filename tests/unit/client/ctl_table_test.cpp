#include <catch2/catch.hpp>
#include <sstream>

#include "client/ctl/table.hpp"

namespace {

using namespace krakken::ctl;

std::size_t widest_line(const std::string& text) {
    std::size_t widest = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        widest = std::max(widest, display_width(line));
    return widest;
}

}  // namespace

TEST_CASE("columns are aligned and trailing space is left off") {
    CHECK(
        render_table(
            {{"NAME"}, {.title = "CALLS", .right = true}, {"STATE"}},
            {{"master", "7", "ready"}, {"b", "1234567", ""}}
        ) ==
        "NAME      CALLS  STATE\n"
        "master        7  ready\n"
        "b       1234567\n"
    );
    CHECK(render_table({{"NAME"}}, {}).empty());
}

TEST_CASE("a table is no wider than 80 columns where text can be shortened") {
    const std::string text = render_table(
        {{.title = "ACCOUNT", .shrinks = true},
         {"KEY"},
         {.title = "NONCE", .right = true},
         {.title = "WHY", .shrinks = true}},
        {{std::string(64, 'a'), "3f9c21aa", "1234567890123456789", std::string(40, 'b')}}
    );
    CHECK(widest_line(text) == 80);
    CHECK(text.find("…") != std::string::npos);
    CHECK(text.find("1234567890123456789") != std::string::npos);
}

TEST_CASE("figures are never shortened, whatever the width") {
    const std::string digits(120, '7');
    const std::string text =
        render_table({{.title = "A", .shrinks = true}, {.title = "N", .right = true}}, {{"name", digits}});
    CHECK(text.find(digits) != std::string::npos);
}

TEST_CASE("width is counted in characters") {
    CHECK(display_width("a\xC3\xA9\xE2\x82\xAC") == 3);
    const std::string text = render_table(
        {{.title = "E", .shrinks = true}, {"X"}}, {{"\xE2\x82\xAC\xE2\x82\xAC", "1"}, {"ab", "2"}}
    );
    CHECK(text == "E   X\n\xE2\x82\xAC\xE2\x82\xAC  1\nab  2\n");
    // Shortened between characters, never inside one.
    std::string euros;
    for (int i = 0; i < 100; ++i)
        euros += "\xE2\x82\xAC";
    std::string expected = "E\n";
    for (int i = 0; i < 19; ++i)
        expected += "\xE2\x82\xAC";
    CHECK(render_table({{.title = "E", .shrinks = true}}, {{euros}}, 20) == expected + "…\n");
}

TEST_CASE("long sentences are wrapped at spaces") {
    CHECK(wrap("one two three", 2, 9) == "one two\n  three\n");
    CHECK(wrap("averylongwordindeed x", 2, 9) == "averylongwordindeed\n  x\n");
    CHECK(wrap("") == "\n");
    std::string words;
    for (int i = 0; i < 100; ++i)
        words += "word" + std::to_string(i) + " ";
    CHECK(widest_line(wrap(words, 4)) <= 80);
}

TEST_CASE("control characters are not shown") {
    CHECK(printable("a\x1b[31m\n\x7f") == "a?[31m??");
    CHECK(
        printable("\xC2\x9B"
                  "x\xC2\xA9\xE2\x82\xAC") == "?x\xC2\xA9\xE2\x82\xAC"
    );
}
