#include "keeper/passphrase.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <ostream>
#include <type_traits>

namespace krakken::keeper {

namespace {
template <class T>
concept Streamable = requires(std::ostream& stream, const T& value) { stream << value; };
template <class T>
concept Comparable = requires(const T& value) { value == value; };
}  // namespace

static_assert(!std::is_copy_constructible_v<SecretText> && !std::is_copy_assignable_v<SecretText>);
static_assert(!fmt::is_formattable<SecretText>::value && !Streamable<SecretText>);
static_assert(!std::is_convertible_v<SecretText, std::string_view>);
static_assert(!Comparable<SecretText>, "== would not be constant-time");

SecretText SecretText::copy_of(std::string_view text) {
    return SecretText(
        base::SecretBytes::copy_of({reinterpret_cast<const unsigned char*>(text.data()), text.size()})
    );
}

bool SecretText::equals(const SecretText& other) const {
    if (size() != other.size()) return false;
    return use([&](std::string_view mine) {
        return other.use([&](std::string_view theirs) {
            return sodium_memcmp(mine.data(), theirs.data(), mine.size()) == 0;
        });
    });
}

}  // namespace krakken::keeper
