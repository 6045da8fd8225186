#pragma once

// Text that is a secret (a passphrase, an API secret as typed), in protected memory. Its bytes are reached
// only inside use(); it can be moved, not copied, printed or formatted.

#include "base/protected_memory.hpp"

#include <functional>
#include <string_view>
#include <utility>

namespace krakken::keeper {

class SecretText {
public:
    // The caller wipes what it copied from.
    static SecretText copy_of(std::string_view text);

    std::size_t size() const { return bytes_.size(); }
    bool empty() const { return size() == 0; }

    // In constant time for texts of equal length; the length itself is no secret.
    bool equals(const SecretText& other) const;

    // Calls function(std::string_view) while the text can be read. Keep no copy, never co_await inside.
    template <class Function>
    decltype(auto) use(Function&& function) const {
        return bytes_.use([&](std::span<const unsigned char> bytes) -> decltype(auto) {
            return std::invoke(
                std::forward<Function>(function),
                std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())
            );
        });
    }

private:
    explicit SecretText(base::SecretBytes bytes) : bytes_(std::move(bytes)) {}
    base::SecretBytes bytes_;
};

}  // namespace krakken::keeper
