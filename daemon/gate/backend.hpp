#pragma once

// What the method handlers work with; built in main, outlives the gate.

#include "account/accounts.hpp"
#include "account/changes.hpp"
#include "base/clock.hpp"
#include "base/hardening.hpp"
#include "gate/audit_trail.hpp"
#include "gate/bot_nonces.hpp"
#include "gate/freezes.hpp"
#include "gate/grant_book.hpp"
#include "gate/markets.hpp"
#include "gate/profile.hpp"
#include "gate/replays.hpp"
#include "gate/usage.hpp"
#include "keeper/keeper.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace krakken::gate {

// What reading the configuration again has changed.
struct Reloaded {
    std::vector<std::string> needs_restart;  // changed settings that only a restart brings into effect
};

// The gateway, where there is one.
struct OpenGateway {
    std::string listen;        // "127.0.0.1:8484"
    std::string url;           // for clients
    std::string ca_file = {};  // of the authority that clients must trust; both empty without TLS
    std::string ca_pem = {};
};

enum class Check { none, runs, runs_again };

struct Backend {
    // What an opened or closed vault means for the rest of the daemon.
    void vault_opened();
    void vault_closed();
    // It was open and is so now, as it is on disk by now.
    void vault_read_anew();
    // Asks Kraken about every account in the background; who waits for a change is told of the outcome. For
    // keys that are there without an unlock; after one it is done already. While one runs: once more, after
    // it.
    void check_accounts();

    boost::asio::any_io_executor executor;
    const base::Clock& clock;
    keeper::Keeper& keeper;
    account::Accounts& accounts;
    AuditTrail& audit;
    Freezes& freezes;
    BotNonces& bot_nonces;
    Usage& usage;
    account::Changes& changes;  // told of every unlock, lock, added or removed account
    Profile profile;
    base::Protection protection;
    std::string base_url;
    std::filesystem::path configuration_file;
    std::function<void()> shut_down = {};  // begins the drain
    // Reads the configuration again, as SIGHUP does; an unusable one changes nothing.
    std::function<protocol::Result<Reloaded>()> reload = {};
    std::function<std::size_t()> clients = {};  // connected now
    std::optional<OpenGateway> gateway = std::nullopt;
    bool stopping = false;      // the drain has begun; `changes` were told
    Check check = Check::none;  // of the accounts
    GrantBook grants{keeper, clock};
    Markets markets{accounts};
    Replays replays{executor, bot_nonces};
    base::Time state_since = clock.now();
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

}  // namespace krakken::gate
