#include "app/service_manager.hpp"

#include "protocol/environment.hpp"

#include <systemd/sd-daemon.h>

#include <boost/asio/post.hpp>
#include <cstdint>
#include <utility>

namespace krakken::app {

ServiceManager::ServiceManager() {
    if (listens()) thread_.emplace(1);
}

ServiceManager::~ServiceManager() {
    if (thread_) thread_->join();
}

// A message that is lost changes nothing here: the manager has time limits of its own.
void ServiceManager::tell(std::string message) {
    constexpr int most_waiting = 16;
    if (!thread_ || waiting_ >= most_waiting) return;
    ++waiting_;
    boost::asio::post(*thread_, [this, message = std::move(message)] {
        (void)sd_notify(0, message.c_str());
        --waiting_;
    });
}

bool ServiceManager::listens() {
    return !protocol::process_environment("NOTIFY_SOCKET").empty();
}

std::optional<std::chrono::microseconds> ServiceManager::watchdog() {
    std::uint64_t interval = 0;
    if (sd_watchdog_enabled(0, &interval) <= 0) return std::nullopt;
    return std::chrono::microseconds(interval);
}

void ServiceManager::ready(const std::string& status) {
    told_ = status;
    tell("READY=1\nSTATUS=" + status);
}

void ServiceManager::reloading() {
    tell("RELOADING=1");
}

void ServiceManager::stopping() {
    told_ = "stopping";
    tell("STOPPING=1\nSTATUS=" + told_);
}

void ServiceManager::alive() {
    tell("WATCHDOG=1");
}

void ServiceManager::status(const std::string& status) {
    if (status == told_) return;
    told_ = status;
    tell("STATUS=" + status);
}

}  // namespace krakken::app
