#include "tests/exchange/venue/dice.hpp"

namespace exchange {
namespace {

constexpr std::string_view upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view upper_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view letters_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

std::uint64_t finalize(std::uint64_t z) {
    z += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

}  // namespace

std::uint64_t mixed(std::initializer_list<std::uint64_t> numbers) {
    std::uint64_t state = 0;
    for (auto number : numbers)
        state = finalize(state ^ number);
    return state;
}

std::uint64_t mixed(std::string_view text) {
    std::uint64_t state = text.size();
    for (char c : text)
        state = finalize(state ^ static_cast<unsigned char>(c));
    return state;
}

std::uint64_t Ids::next() {
    return mixed({seed_, ++count_});
}

std::string Ids::text(std::size_t length, std::string_view signs) {
    std::string made;
    for (std::size_t i = 0; i < length; ++i)
        made.push_back(signs[next() % signs.size()]);
    return made;
}

std::string Ids::fresh(auto make) {
    std::string made = make();
    while (!given_.insert(made).second)
        made = make();
    return made;
}

std::string Ids::grouped(std::string_view head, std::size_t first_rest) {
    return fresh([&] {
        return std::string(head) + text(first_rest, upper_digits) + '-' + text(5, upper_digits) + '-' +
               text(6, upper_digits);
    });
}

std::string Ids::export_id() {
    return fresh([&] { return text(4, upper); });
}

std::string Ids::funding() {
    return fresh([&] { return "FT" + text(5, letters_digits) + '-' + text(22, letters_digits); });
}

std::string Ids::iban() {
    return fresh([&] { return "AA" + text(14, upper_digits); });
}

}  // namespace exchange
