#pragma once

// The signed requests of bots that were seen lately. One that is there again, byte for byte, is answered from
// the first and never made again: some libraries send the same bytes anew when a connection breaks.
// Placements are known for longer, over restarts too: their fingerprint is their idempotency key. Of what is
// forgotten here the nonce is used up.
//
// A nonce alone tells nothing: libraries count in milliseconds, and sign several calls within one.

#include "account/changes.hpp"
#include "gate/bot_nonces.hpp"
#include "protocol/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace krakken::gate {

// Of all that is signed; the nonce is in the body.
std::string fingerprint(std::string_view path, std::string_view body);

class Replays {
public:
    // `nonces` must outlive it.
    Replays(boost::asio::any_io_executor executor, BotNonces& nonces)
        : executor_(std::move(executor)), nonces_(nonces) {}

    using IsGone = std::function<bool()>;
    struct Signed {
        std::string bot_key;  // whose signature it is; a bot of a name that was used before has another
        std::string nonce;
        std::string fingerprint;
        IsGone is_gone = {};  // whether its client waits no more; none: it does
    };
    // `others_wait`: whether somebody who has sent it again waits for the answer, too; any time until it
    // ends.
    using Make =
        std::function<boost::asio::awaitable<protocol::Result<std::string>>(std::function<bool()> others_wait
        )>;

    // What `make` gives, or what it gave before. `make` is called within the coroutine, if at all, and must
    // not throw.
    boost::asio::awaitable<protocol::Result<std::string>> once(Signed request, Make make);

    std::size_t size() const { return seen_.size(); }

private:
    using Id = std::pair<std::string, std::string>;  // bot_key, fingerprint
    struct Entry {
        Entry(boost::asio::any_io_executor executor, std::string signed_nonce)
            : nonce(std::move(signed_nonce)), answered(std::move(executor)) {}
        std::string nonce;
        std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
        account::Changes answered;
        std::list<IsGone> waiting;  // of those who have sent it again
        std::optional<protocol::Result<std::string>> outcome;
    };

    void forget_old_ones();

    static constexpr std::size_t most_seen = 8192;
    static constexpr std::chrono::minutes kept{10};
    static constexpr std::size_t longest_kept = 16 * 1024;  // of an answer: placements have short ones

    boost::asio::any_io_executor executor_;
    BotNonces& nonces_;
    std::map<Id, std::shared_ptr<Entry>> seen_;
    std::deque<Id> in_order_;
};

}  // namespace krakken::gate
