#pragma once

// What the method handlers work with; built in main, outlives the gate.

#include "account/accounts.hpp"
#include "base/clock.hpp"
#include "base/hardening.hpp"
#include "gate/changes.hpp"
#include "keeper/keeper.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string>

namespace krakken::gate {

// Where the user lives and what they want to allow; what is off is not done.
struct Profile {
    std::string region = "US_CA";
    bool supports_margin = false;
    bool supports_futures = false;
    bool supports_staking = false;
};

struct Backend {
    // What an opened or closed vault means for the rest of the daemon.
    void vault_opened();
    void vault_closed();

    boost::asio::any_io_executor executor;
    const base::Clock& clock;
    keeper::Keeper& keeper;
    account::Accounts& accounts;
    Changes& changes;  // told of every unlock, lock, added or removed account
    Profile profile;
    base::Protection protection;
    std::string base_url;
    std::function<void()> shut_down = {};       // begins the drain
    std::function<std::size_t()> clients = {};  // connected now
    bool stopping = false;                      // the drain has begun; `changes` were told
    base::Time state_since = clock.now();
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

}  // namespace krakken::gate
