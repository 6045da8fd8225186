#include "gate/bot_nonces.hpp"

namespace krakken::gate {

BotNonces::BotNonces(state::StateStore& store) : store_(store) {
    for (const state::BotNonce& used : store.bot_nonces_at_start())
        use_up(used.bot_key, used.nonce);
    written_ = used_up_;
}

std::optional<protocol::Error> BotNonces::refusal(const std::string& bot_key, const std::string& nonce)
    const {
    const auto highest = used_up_.find(Kind(bot_key, nonce.size()));
    if (highest == used_up_.end() || nonce > highest->second) return std::nullopt;
    return protocol::make_error(
               protocol::ErrorCode::nonce,
               "the nonce is not above those of earlier requests, which are remembered no more; this one was "
               "not sent"
    )
        .with("rule", "bot:nonce")
        .with_remedy(
            "sign it anew with a higher nonce; if the program counts from further below than it did, "
            "its bot needs a new key: krakkenctl bot rotate NAME"
        );
}

void BotNonces::write_down(const std::string& bot_key, const std::string& nonce) {
    if (raise(written_, bot_key, nonce)) store_.raise_bot_nonce({.bot_key = bot_key, .nonce = nonce});
}

void BotNonces::use_up(const std::string& bot_key, const std::string& nonce) {
    raise(used_up_, bot_key, nonce);
}

// Of two texts of digits that are equally long, the greater one is the greater number.
bool BotNonces::raise(Highest& highest, const std::string& bot_key, const std::string& nonce) {
    const auto [known, is_first] = highest.try_emplace(Kind(bot_key, nonce.size()), nonce);
    if (is_first) return true;
    if (nonce <= known->second) return false;
    known->second = nonce;
    return true;
}

}  // namespace krakken::gate
