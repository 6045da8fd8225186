#pragma once

// The nonces of one API key: its sequence, the mark of it on disk, and its unit. The lane asks for each
// nonce in turn and tells what Kraken said to it. The event loop's thread only.
//
// The disk is waited for no longer than a call may take. What it was asked for goes on in the background, one
// thing at a time, and the sequence learns of it whenever it ends.

#include "base/clock.hpp"
#include "nonce/sequence.hpp"
#include "nonce/unit_search.hpp"
#include "state/state_store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace krakken::account {

using boost::asio::awaitable;
using protocol::Result;

class Nonces : public std::enable_shared_from_this<Nonces> {
public:
    // `store` and `clock` must outlive it. `apart`: between two refusals that move the key to a finer unit.
    Nonces(
        boost::asio::any_io_executor executor,
        state::StateStore& store,
        const base::Clock& clock,
        base::KeyId key,
        std::chrono::microseconds apart
    );

    // The next nonce, not above a bound that is on disk. One at a time, and not beside import(). Errors:
    // storage, timeout (the disk has not answered by `deadline`), nonce (used up).
    awaitable<Result<base::Nonce>> next(std::chrono::steady_clock::time_point deadline);

    // Kraken took the latest nonce: its unit is right for good.
    void accepted();
    // Kraken refused the latest nonce. After the pause another try may find the unit that it takes; empty:
    // the refusal is what it says.
    std::optional<std::chrono::microseconds> refused();

    // See Lane.
    void search_unit();
    void set_unit(std::optional<base::NonceUnit> unit);
    void raise_floor(std::uint64_t floor);
    awaitable<Result<std::uint64_t>> import(
        std::uint64_t floor, std::chrono::steady_clock::time_point deadline
    );

    const std::optional<nonce::Sequence>& sequence() const { return sequence_; }

private:
    awaitable<Result<void>> load();
    awaitable<Result<void>> save();
    void start(awaitable<Result<void>> work);
    awaitable<Result<void>> disk_answered(std::chrono::steady_clock::time_point deadline);
    awaitable<Result<void>> disk_idle(std::chrono::steady_clock::time_point deadline);
    awaitable<Result<void>> make_ready(std::chrono::steady_clock::time_point deadline);
    std::optional<base::NonceUnit> wanted_unit() const;
    bool must_move() const;
    void move();
    void apply_floor();
    void tell_if_finer() const;

    boost::asio::any_io_executor executor_;
    state::StateStore& store_;
    const base::Clock& clock_;
    base::KeyId key_;

    std::optional<nonce::Sequence> sequence_;  // empty until the mark was read
    nonce::UnitSearch search_;
    std::optional<base::NonceUnit> fixed_unit_;   // by the operator
    std::optional<base::NonceUnit> needed_unit_;  // by a floor, or found by the search
    std::uint64_t floor_ = 0;
    bool unit_proven_ = false;  // Kraken has taken a nonce of this key, in this run or an earlier one

    bool disk_busy_ = false;
    std::optional<protocol::Error> disk_error_;  // of what was asked for last
    boost::asio::steady_timer disk_done_;        // cancelled when it has answered
};

}  // namespace krakken::account
