#pragma once

// The keys that krakkend itself gives out, to bots that sign as they would for Kraken.

#include "contents.hpp"

#include <optional>

namespace krakken::keeper {

// Random bytes of the size that Kraken's keys and secrets have.
class NewBotKey {
public:
    NewBotKey();

    // Calls function(const BotKeyParts&) while they can be read. The API key is text already.
    template <class Function>
    decltype(auto) use(Function&& function) const {
        return bytes_.use([&](std::span<const unsigned char> all) -> decltype(auto) {
            return function(BotKeyParts{all.first(api_key_chars), all.subspan(api_key_chars)});
        });
    }
    // As the bot's owner gets it: the secret in base64.
    BotCredentials credentials() const;

private:
    static constexpr std::size_t api_key_chars = 56;
    static constexpr std::size_t api_secret_bytes = 64;
    base::SecretBytes bytes_{api_key_chars + api_secret_bytes};
};

// The grants of these contents as others may know them.
std::vector<GrantInfo> grants_of(const Contents& contents);

// See Keeper::verify_bot.
protocol::Result<VerifiedBot> verify_bot(const Contents& contents, const BotRequest& request, base::Time now);

}  // namespace krakken::keeper
