#pragma once

// What a service manager is told of the daemon's life, by systemd's protocol: datagrams to the socket that
// NOTIFY_SOCKET names. Started by anybody else, nobody is told. The daemon starts no programs, so there is
// nobody who could inherit the variable.
//
// A thread of its own sends, since a manager that does not read would hold the sender up. Event loop's thread
// only.

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <optional>
#include <string>

namespace krakken::app {

class ServiceManager {
public:
    ServiceManager();
    // Waits until the last message is sent, which a manager that does not read holds up for ever.
    ~ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    // Whether anybody listens.
    static bool listens();
    // How often it wants to hear that the event loop is alive; empty: not at all.
    static std::optional<std::chrono::microseconds> watchdog();

    // Both sockets take connections; also the end of a reload.
    void ready(const std::string& status);
    void reloading();
    void stopping();
    void alive();
    // One line for a person, sent when it is another one than last time.
    void status(const std::string& status);

private:
    void tell(std::string message);

    std::string told_;
    std::atomic<int> waiting_ = 0;
    std::optional<boost::asio::thread_pool> thread_;  // if anybody listens
};

}  // namespace krakken::app
