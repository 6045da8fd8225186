#pragma once

// From ready to drained: signals, an unlock without a person, the service manager, and an orderly end.

#include "app/service_manager.hpp"
#include "gate/server.hpp"
#include "net/upstream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <filesystem>

namespace krakken::app {

// A hangup while the daemon starts does not end it, but reads the configuration once it runs. Call before
// there is a second thread.
void hold_hangups();

class LifeCycle {
public:
    // All of it outlives the life cycle.
    LifeCycle(
        boost::asio::io_context& context,
        gate::Backend& backend,
        gate::Server& server,
        net::Upstream& upstream
    );

    // Opens the vault with a key file, if one is named; a failure is logged and leaves it locked.
    void unlock_with(std::filesystem::path key_file);

    // Runs until a signal or `shutdown` ended it and everything was drained, or the time for that was over.
    // Returns the exit status.
    int run();

    // Takes nothing new, lets running calls finish for at most 20 s. A second time: ends at once.
    void shut_down();

private:
    boost::asio::awaitable<void> unlock(std::filesystem::path key_file);
    boost::asio::awaitable<void> drain();
    boost::asio::awaitable<void> keep_manager_told();
    void watch_signals();
    void reload();

    boost::asio::io_context& context_;
    gate::Backend& backend_;
    gate::Server& server_;
    net::Upstream& upstream_;
    boost::asio::signal_set signals_;
    ServiceManager manager_;
    bool draining_ = false;
};

}  // namespace krakken::app
