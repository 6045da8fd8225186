#include "protocol/line_reader.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using krakken::protocol::LineReader;

// Feeds `text` in pieces of at most `piece` bytes and returns the lines that come out.
std::vector<std::string> lines_of(LineReader& reader, std::string_view text, std::size_t piece) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto space = reader.space();
        const std::size_t count = std::min({piece, space.size(), text.size()});
        if (count == 0) break;
        std::ranges::copy(text.substr(0, count), space.begin());
        reader.filled(count);
        text.remove_prefix(count);
        while (const auto line = reader.take_line())
            lines.emplace_back(*line);
    }
    return lines;
}

const std::vector<std::string> expected{"{\"a\":1}", "", "second", "\rthird\r", "x"};
const std::string text = "{\"a\":1}\n\r\nsecond\r\n\rthird\r\r\nx\nrest";

}  // namespace

TEST_CASE("lines come out the same however the bytes come in") {
    const auto piece =
        GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{100});
    CAPTURE(piece);
    std::vector<char> buffer(32);
    LineReader reader(buffer);
    CHECK(lines_of(reader, text, piece) == expected);
    CHECK(reader.partial() == "rest");
}

TEST_CASE("several lines of one read are taken one by one") {
    std::vector<char> buffer(64);
    LineReader reader(buffer);
    CHECK_FALSE(reader.take_line());
    std::ranges::copy(std::string_view("a\nb\nc"), reader.space().begin());
    reader.filled(5);
    CHECK(reader.take_line() == "a");
    CHECK(reader.take_line() == "b");
    CHECK_FALSE(reader.take_line());
    CHECK_FALSE(reader.take_line());
    CHECK(reader.partial() == "c");
}

TEST_CASE("a line that fills the buffer leaves no space, one byte less is a line") {
    std::vector<char> buffer(8);
    LineReader reader(buffer);
    CHECK(lines_of(reader, "1234567\n", 8) == std::vector<std::string>{"1234567"});
    CHECK(lines_of(reader, "12345678\n", 8).empty());
    CHECK(reader.space().empty());
    CHECK(reader.partial() == "12345678");
}

TEST_CASE("a line goes on in a larger buffer") {
    std::vector<char> buffer(4);
    LineReader reader(buffer);
    CHECK(lines_of(reader, "a\nbcd", 1) == std::vector<std::string>{"a"});
    CHECK(reader.space().size() == 1);
    CHECK(lines_of(reader, "e", 1).empty());
    REQUIRE(reader.space().empty());
    buffer.resize(16);
    reader.moved_to(buffer);
    CHECK(reader.space().size() == 12);
    CHECK(lines_of(reader, "f\ng\n", 1) == std::vector<std::string>{"bcdef", "g"});
}

TEST_CASE("nothing of a line that was taken is left in the buffer after the next read") {
    const std::string secret = "passphrase-canary";
    std::vector<char> buffer(64);
    LineReader reader(buffer);
    CHECK(lines_of(reader, secret + "\nnext", 100) == std::vector<std::string>{secret});
    reader.space();
    CHECK(std::ranges::search(buffer, secret).empty());
    CHECK(std::ranges::search(buffer, std::string_view("canary")).empty());
    CHECK(reader.partial() == "next");
}

TEST_CASE("taken lines can be wiped at once") {
    std::vector<char> buffer(64);
    LineReader reader(buffer);
    CHECK(lines_of(reader, "passphrase-canary\nnext", 100).size() == 1);
    reader.wipe_taken();
    CHECK(std::ranges::search(buffer, std::string_view("canary")).empty());
    CHECK(reader.partial() == "next");
    CHECK(lines_of(reader, "!\n", 1) == std::vector<std::string>{"next!"});
}
