#include "app/life_cycle.hpp"

#include "app/exit_status.hpp"
#include "app/logging.hpp"
#include "base/log.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <exception>

namespace krakken::app {

using base::log;
using base::LogLevel;
using boost::asio::awaitable;

namespace {

void rethrow(std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
}

// Leaves without touching what may still be in use; the kernel takes the memory, and durable state is always
// whole.
[[noreturn]] void leave_now(int status = exit_drained) {
    stop_logging();
    ::_exit(status);
}

}  // namespace

LifeCycle::LifeCycle(
    boost::asio::io_context& context, gate::Backend& backend, gate::Server& server, net::Upstream& upstream
)
    : context_(context),
      backend_(backend),
      server_(server),
      upstream_(upstream),
      signals_(context, SIGTERM, SIGINT, SIGHUP) {}

void LifeCycle::unlock_with(std::filesystem::path key_file) {
    boost::asio::co_spawn(context_, unlock(std::move(key_file)), rethrow);
}

awaitable<void> LifeCycle::unlock(std::filesystem::path key_file) {
    const auto unlocked = co_await backend_.keeper.unlock_with_key_file(key_file);
    if (!unlocked) {
        log(LogLevel::error,
            "vault.key_file_refused",
            {{"path", key_file.string()},
             {"why", unlocked.error().message},
             {"remedy", unlocked.error().remedy}});
        co_return;
    }
    backend_.vault_opened();
}

int LifeCycle::run() {
    watch_signals();
    server_.start();
    try {
        context_.run();
        return exit_drained;
    } catch (const std::exception& bug) {
        log(LogLevel::error, "bug", {{"where", "event loop"}, {"what", bug.what()}});
        leave_now(exit_bug);  // what runs on the loop is in an unknown state
    }
}

void LifeCycle::watch_signals() {
    signals_.async_wait([this](boost::system::error_code cancelled, int signal) {
        if (cancelled) return;
        if (signal == SIGHUP) {
            log(LogLevel::warn,
                "config.not_reloaded",
                {{"remedy", "restart krakkend to read config.toml again"}});
        } else {
            log(LogLevel::info, "signal", {{"number", signal}});
            shut_down();
        }
        watch_signals();
    });
}

void LifeCycle::shut_down() {
    if (draining_) leave_now();
    draining_ = true;
    boost::asio::co_spawn(context_, drain(), rethrow);
}

awaitable<void> LifeCycle::drain() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    log(LogLevel::info, "drain.begun", {{"clients", server_.clients()}});
    backend_.accounts.stop();
    const bool drained = co_await server_.drain(deadline);
    if (!drained) {
        log(LogLevel::warn, "drain.timed_out", {{"clients", server_.clients()}});
        leave_now();
    }
    backend_.keeper.lock();
    upstream_.close();
    log(LogLevel::info, "drain.done");
    context_.stop();
}

}  // namespace krakken::app
