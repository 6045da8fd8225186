#pragma once

// Which nonces bots have used up: what they have signed with these was made already, or never will be.
// Together with Replays, which knows the last ones one by one, what was signed once acts once. Over a crash
// that is certain of what has an intent; of other calls that act, but for those of its last milliseconds.
//
// Kraken wants nonces to rise from call to call; here they may overtake each other on their way, as those of
// several programs with one bot's key do, for as long as Replays knows them. Nonces are compared with those
// of as many digits alone: programs that count in milliseconds and in nanoseconds may share a bot.

#include "protocol/error.hpp"
#include "state/state_store.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace krakken::gate {

class BotNonces {
public:
    // `store` must outlive it. All that acted in earlier runs is used up.
    explicit BotNonces(state::StateStore& store);

    // nonce: used up. `bot_key` is the hashed name of the key that has signed.
    std::optional<protocol::Error> refusal(const std::string& bot_key, const std::string& nonce) const;
    // For a call that acts, before it is made: it is used up for the next run. Does not wait for the disk;
    // what is written to the store behind it is on disk only when this is.
    void write_down(const std::string& bot_key, const std::string& nonce);
    // Nobody remembers the call that was signed with it.
    void use_up(const std::string& bot_key, const std::string& nonce);

private:
    using Kind = std::pair<std::string, std::size_t>;  // bot_key, number of digits
    using Highest = std::map<Kind, std::string>;

    // Whether it was raised.
    static bool raise(Highest& highest, const std::string& bot_key, const std::string& nonce);

    state::StateStore& store_;
    Highest used_up_;
    Highest written_;
};

}  // namespace krakken::gate
