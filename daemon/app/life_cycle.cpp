#include "app/life_cycle.hpp"

#include "app/exit_status.hpp"
#include "app/logging.hpp"
#include "base/log.hpp"
#include "gate/summary.hpp"

#include <unistd.h>

#include <algorithm>
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

volatile std::sig_atomic_t status_at_end = exit_drained;

// What is left to be done may wait for others for ever: for who reads the log, the service manager, a disk.
// They get this long; whatever of it is not done then is nothing that anybody was promised.
void leave_within(std::chrono::seconds time, int status) {
    status_at_end = status;
    struct sigaction action{};
    action.sa_handler = [](int) { ::_exit(status_at_end); };
    ::sigaction(SIGALRM, &action, nullptr);
    ::alarm(static_cast<unsigned>(time.count()));
}

// Leaves without touching what may still be in use; the kernel takes the memory, and durable state is always
// whole.
[[noreturn]] void leave_now(int status = exit_drained) {
    leave_within(std::chrono::seconds(1), status);
    stop_logging();
    ::_exit(status);
}

// SIG_BLOCK or SIG_UNBLOCK.
void mask_hangups(int how) {
    sigset_t hangup{};
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    ::pthread_sigmask(how, &hangup, nullptr);
}

}  // namespace

void hold_hangups() {
    mask_hangups(SIG_BLOCK);
}

LifeCycle::LifeCycle(
    boost::asio::io_context& context, gate::Backend& backend, gate::Server& server, net::Upstream& upstream
)
    : context_(context),
      backend_(backend),
      server_(server),
      upstream_(upstream),
      signals_(context, SIGTERM, SIGINT, SIGHUP) {}

void LifeCycle::unlock_with(std::filesystem::path key_file) {
    if (!key_file.empty()) boost::asio::co_spawn(context_, unlock(std::move(key_file)), rethrow);
}

awaitable<void> LifeCycle::unlock(std::filesystem::path key_file) {
    const auto unlocked = co_await backend_.keeper.unlock_with_key_file(key_file);
    backend_.audit.own("unlock", unlocked ? nullptr : &unlocked.error());
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
    mask_hangups(SIG_UNBLOCK);
    server_.start();
    // Keys from the environment are there without an unlock.
    backend_.accounts.refresh();
    if (!backend_.accounts.list().empty()) backend_.check_accounts();
    manager_.ready(gate::summary(backend_));
    if (ServiceManager::listens()) boost::asio::co_spawn(context_, keep_manager_told(), rethrow);
    try {
        context_.run();
        leave_within(std::chrono::seconds(3), exit_drained);
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
            reload();
        } else {
            log(LogLevel::info, "signal", {{"number", signal}});
            backend_.audit.own("shutdown");
            shut_down();
        }
        watch_signals();
    });
}

void LifeCycle::reload() {
    if (draining_) return;
    manager_.reloading();
    const auto reloaded = backend_.reload();  // the log says what came of it
    backend_.audit.own("reload", reloaded ? nullptr : &reloaded.error());
    manager_.ready(gate::summary(backend_));
}

awaitable<void> LifeCycle::keep_manager_told() {
    // An account's state may change without a change that is told, so it is looked at now and then.
    constexpr std::chrono::microseconds pause = std::chrono::seconds(2);
    const auto watchdog = ServiceManager::watchdog();
    const auto wait = watchdog ? std::min(pause, *watchdog / 2) : pause;
    while (true) {
        if (watchdog) manager_.alive();
        if (!draining_) manager_.status(gate::summary(backend_));
        co_await backend_.changes.wait_until(std::chrono::steady_clock::now() + wait);
    }
}

void LifeCycle::shut_down() {
    if (draining_) leave_now();
    draining_ = true;
    boost::asio::co_spawn(context_, drain(), rethrow);
}

awaitable<void> LifeCycle::drain() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    manager_.stopping();
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
    // An unlock by key file that is still under way must not outlive the keeper, which goes before the loop.
    leave_within(std::chrono::seconds(3), exit_drained);
    co_await backend_.keeper.idle();
    context_.stop();
}

}  // namespace krakken::app
