#pragma once

// The lane of one API key: calls go one after another, nonce, sign, send, answer, so that the order of nonces
// is the order on the wire, which parallel connections cannot promise. Only a cancel does not wait for an
// answer that takes long (make_way). Used from the event loop's thread only.

#include "account/nonces.hpp"
#include "account/rest_counter.hpp"
#include "account/sent.hpp"
#include "account/turns.hpp"
#include "keeper/keeper.hpp"
#include "kraken/api.hpp"
#include "kraken/parameters.hpp"
#include "kraken/server_clock.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace krakken::account {

// What every lane works with; all of it outlives the lanes.
struct Services {
    boost::asio::any_io_executor executor;
    keeper::Keeper& keeper;
    state::StateStore& store;
    kraken::Api& api;
    kraken::ServerClock& clock;
    // Between two tries of a key whose first nonces Kraken refuses; tests take less.
    std::chrono::microseconds refused_nonce_pause = std::chrono::seconds(1);
};

struct Deadlines {
    std::chrono::steady_clock::time_point turn;     // the lane must be free by then
    std::chrono::steady_clock::time_point request;  // and Kraken must have answered by then
};

// Where a call stands among those of its account that do more than read, so that a repeat of it is not sent
// once a later one of them was.
struct Place {
    enum class Behind { whatever_acts, placements };
    Behind behind = Behind::whatever_acts;
    std::optional<std::uint64_t> kept = {};  // how many of them had been sent when the call was
};

// What was sent so far over the lanes that go to one Kraken account.
struct Acts {
    std::uint64_t acted = 0;       // calls that do more than read
    std::uint64_t placed = 0;      // those of them that place or change orders
    std::shared_ptr<Acts> joined;  // counted there from now on
};

class Lane : public std::enable_shared_from_this<Lane> {
public:
    Lane(Services services, base::KeyId key);

    // Who waits for several lanes is told when this one is nobody's any more.
    class Watcher {
    public:
        virtual void lane_is_free() = 0;

    protected:
        ~Watcher() = default;
    };
    // Until unwatch(); what is told must not change who watches.
    void watch(Watcher& watcher) { watchers_.push_back(&watcher); }
    void unwatch(Watcher& watcher) { std::erase(watchers_, &watcher); }

    // The lane, while it is one call's; given on whatever happens.
    class Turn {
    public:
        Turn(Turn&&) noexcept = default;
        Turn& operator=(Turn&&) = delete;
        ~Turn() {
            if (lane_) lane_->leave(number_);
        }
        Lane& lane() const { return *lane_; }

    private:
        friend class Lane;
        explicit Turn(std::shared_ptr<Lane> lane) : lane_(std::move(lane)), number_(lane_->turn_) {}

        std::shared_ptr<Lane> lane_;
        std::uint64_t number_;
    };
    // Empty while another call has it.
    std::optional<Turn> take_if_free();
    // Waits for it. timeout, overloaded.
    awaitable<Result<Turn>> enter(std::chrono::steady_clock::time_point deadline);

    // Whether a call goes out although its key is held: only one that asks Kraken whether it accepts the key
    // now.
    enum class Hold { obeyed, passed };

    // What a call that must leave a trace does in its turn.
    struct Prepare {
        // When its nonce is known, before it is signed: gives the parameters their last members.
        std::function<awaitable<Result<kraken::Parameters>>(base::KeyId key, base::Nonce nonce)> finish;
        // When it is signed, before its first byte leaves: makes its intent durable. An error: nothing is
        // sent.
        std::function<awaitable<Result<void>>()> commit;
    };

    // All that is referred to must live until send() has ended.
    struct Request {
        const protocol::Endpoint& endpoint;
        const kraken::Parameters& parameters;
        Deadlines deadlines;
        Place* place = nullptr;  // kept where given
        // Among the acts behind which no other is repeated. A cancel of the daemon's own, of one order by its
        // id, changes nothing that another may mean.
        bool counts = true;
        Hold hold = Hold::obeyed;
        const Prepare* prepare = nullptr;
        std::optional<Sent>* sent = nullptr;  // kept where given
    };

    // One request, sent once; but while the key's nonce unit is sought, a call that may be repeated is sent
    // again within its turn until a nonce is taken, and the answer is the last one. Errors mean that nothing
    // was executed: timeout, overloaded, storage, locked, nonce, stopping, lockout, why the key is held,
    // or what `prepare` says.
    awaitable<Result<kraken::Attempt>> send(Request request);
    // The same for a call whose turn it is already.
    awaitable<Result<kraken::Attempt>> send(const Turn& turn, Request request);

    // For a call that must not wait. One under way that only reads is given up: its connection is dropped,
    // its nonce is used up, and its caller makes it again. Any other whose bytes have been out for `patience`
    // is passed: it goes on waiting for its answer, and its turn is over. Should it reach Kraken behind what
    // passes it, Kraken refuses its nonce: that is as good as an answer that was lost.
    static constexpr std::chrono::milliseconds patience{250};
    bool makes_way() const { return (reading_ && !given_up_) || may_be_passed(); }
    void make_way();

    // A person validates the key: if Kraken refuses its next nonces, a finer unit is sought as for a key that
    // was never used here. Ends with the first nonce that is taken.
    void search_unit() { nonces_->search_unit(); }
    // The operator's unit: nonces are at least as fine, and none is sought. Never moves a key to a coarser
    // one. Empty: found out.
    void set_unit(std::optional<base::NonceUnit> unit) { nonces_->set_unit(unit); }
    // An old program's last nonce; judged by the clock when the key is first used, or now if it was, and
    // ignored with a log line if it is absurd.
    void raise_floor(std::uint64_t floor) { nonces_->raise_floor(floor); }
    // Raises the sequence to `floor` (lower than it is: leaves it), durable before it returns; its last
    // value. Waits for its turn. Errors: invalid_params (absurd), timeout, overloaded, storage.
    awaitable<Result<std::uint64_t>> import(
        std::uint64_t floor, std::chrono::steady_clock::time_point deadline
    );

    // Kraken does not accept the key: from now on every call is refused with `why` when its turn comes, so
    // that a queue of them does not bring a lockout.
    void hold(protocol::Error why) { held_ = std::move(why); }
    void release() { held_.reset(); }
    bool held() const { return held_.has_value(); }
    bool serves() const { return !held_ && !silent(); }

    // Kraken has answered with `error`, a lockout of this address: silences all lanes and says in it until
    // when.
    void locked_out(protocol::Error& error);

    // Why nothing may be sent with this key now: it is held, or Kraken has locked this address out.
    std::optional<protocol::Error> refusal() const { return held_ ? held_ : lockout(); }

    // Both go to the same Kraken account: from now on each call that acts counts for both, and no call from
    // before may be repeated over either.
    void share_acts(Lane& other);

    const base::KeyId& key() const { return key_; }
    // What the key may still call; every request of this lane is counted there.
    RestCounter& rest() { return rest_; }
    const RestCounter& rest() const { return rest_; }
    // Empty until the key was first used in this run.
    const std::optional<nonce::Sequence>& sequence() const { return nonces_->sequence(); }
    std::size_t waiting() const { return turns_.waiting(); }
    bool busy() const { return turns_.busy(); }

private:
    bool silent() const;  // Kraken has locked this address out
    std::optional<protocol::Error> lockout() const;
    void tell_end(protocol::Error& error, std::chrono::microseconds remaining) const;
    void ask_time_in_background();
    // More than this many calls in front would not be served within any deadline a client may set.
    static constexpr std::size_t max_waiting = 256;

    std::shared_ptr<Acts>& acts();
    void leave(std::uint64_t turn);
    // Kraken limits the requests of one key at the same time, and does not say to how many.
    static constexpr std::size_t most_passed = 4;
    bool may_be_passed() const;
    // `turn`: whose number is not turn_ any more once it has been passed.
    awaitable<Result<kraken::Attempt>> send_in_turn(const Request& request, std::uint64_t turn);
    awaitable<Result<kraken::Attempt>> send_now(const Request& request, std::uint64_t turn);
    awaitable<Result<kraken::Attempt>> sign_and_send(
        const Request& request, const kraken::Parameters& parameters, base::Nonce nonce, std::uint64_t turn
    );
    void after_passing(const protocol::Endpoint& endpoint, kraken::Attempt& attempt);
    awaitable<bool> wait_for_another_try(
        const protocol::Endpoint& endpoint,
        const kraken::Attempt& attempt,
        std::chrono::steady_clock::time_point deadline
    );
    std::optional<protocol::Error> refusal(Hold hold) const {
        return hold == Hold::passed ? lockout() : refusal();
    }

    Services services_;
    base::KeyId key_;
    Turns turns_;
    std::shared_ptr<Nonces> nonces_;
    std::optional<protocol::Error> held_;
    RestCounter rest_;
    std::shared_ptr<Acts> acts_ = std::make_shared<Acts>();
    std::vector<Watcher*> watchers_;
    boost::asio::cancellation_signal give_up_;
    std::uint64_t turn_ = 0;  // the one that is taken, or will be next
    bool reading_ = false;    // the call under way only reads
    bool given_up_ = false;   // and is not wanted any more
    bool sweeping_ = false;   // it means whatever orders are there: nothing may come before it
    std::optional<std::chrono::steady_clock::time_point> written_at_;  // when all its bytes were out
    std::size_t passed_ = 0;                                // calls that wait for their answers beside it
    std::chrono::steady_clock::time_point pass_from_ = {};  // Kraken had them the wrong way round before
};

}  // namespace krakken::account
