#include "gate/server.hpp"

#include "base/log.hpp"
#include "gate/request.hpp"
#include "listener.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

namespace krakken::gate {

using base::log;
using base::LogLevel;
using boost::asio::awaitable;
using protocol::ErrorCode;
using protocol::Result;
using protocol::SocketKind;

namespace {

constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

std::string_view name_of(SocketKind kind) {
    return kind == SocketKind::client ? "client" : "admin";
}

// A connection that is not served is told so with what fits into an empty socket's buffer; more is not owed
// to it.
void turn_away(Session::Socket& socket, ErrorCode code, std::string message, std::string call_id) {
    protocol::Error error = protocol::make_error(code, std::move(message));
    error.retryable = code == ErrorCode::overloaded;
    error.call_id = std::move(call_id);
    const std::string text = reply_text("null", std::unexpected(std::move(error))) + '\n';
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(boost::asio::buffer(text), ignored);
}

// Of each of `doors`. Descriptors are kept for everything but clients: doors, administrators, Kraken, state,
// vault. Without them a crowd of clients could keep an administrator from locking.
std::size_t most_clients(std::size_t wanted, std::size_t doors) {
    constexpr std::size_t kept_free = 100;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
    const std::size_t possible =
        (limit.rlim_cur > 2 * kept_free ? limit.rlim_cur - kept_free : limit.rlim_cur / 2) / doors;
    if (wanted <= possible) return wanted;
    log(LogLevel::warn,
        "clients.limited",
        {{"wanted", wanted}, {"possible", possible}, {"limit", "RLIMIT_NOFILE"}});
    return possible;
}

}  // namespace

Server::Server(Backend& backend, ServerSettings settings)
    : backend_(backend), settings_(std::move(settings)), session_ended_(backend.executor) {}

Result<void> Server::open() {
    const auto& paths = settings_.paths;
    const std::size_t most = most_clients(settings_.max_clients, settings_.gateway ? 2 : 1);
    if (auto& gateway = settings_.gateway) {
        gateway->max_clients = most;
        gateway_.emplace(backend_, *gateway, session_ended_, Gateway::Patience{});
        if (auto opened = gateway_->open(); !opened) return opened;
    }
    if (auto ready = prepare_runtime_folder(paths.runtime_dir, settings_.client_group); !ready) return ready;
    const mode_t client_mode = settings_.client_group ? 0660 : 0600;
    if (auto opened = open_door(SocketKind::client, paths.client_socket(), client_mode, most); !opened)
        return opened;
    return open_door(SocketKind::admin, paths.admin_socket(), 0600, max_admins);
}

Result<void> Server::open_door(
    SocketKind kind, const std::filesystem::path& path, mode_t mode, std::size_t max_sessions
) {
    const bool client = kind == SocketKind::client;
    auto descriptor = listen_at(path, mode, client ? settings_.client_group : std::nullopt);
    if (!descriptor) return std::unexpected(std::move(descriptor.error()));
    Acceptor acceptor(backend_.executor);
    acceptor.assign(boost::asio::local::stream_protocol(), descriptor->release());
    doors_.push_back(std::make_unique<Door>(Door{kind, path, max_sessions, std::move(acceptor)}));
    return {};
}

void Server::start() {
    const auto rethrow = [](std::exception_ptr bug) {
        if (bug) std::rethrow_exception(bug);
    };
    for (const auto& door : doors_)
        boost::asio::co_spawn(backend_.executor, accept(*door), rethrow);
    if (gateway_) gateway_->start();
}

awaitable<void> Server::accept(Door& door) {
    while (!draining_) {
        auto [error, socket] = co_await door.acceptor.async_accept(token);
        if (draining_) break;
        if (!error) {
            admit(door, std::move(socket));
            continue;
        }
        // Out of descriptors, most likely: neither spin nor die, some will be given back.
        log(LogLevel::warn, "accept.failed", {{"socket", name_of(door.kind)}, {"why", error.message()}});
        boost::asio::steady_timer pause(backend_.executor, std::chrono::milliseconds(100));
        co_await pause.async_wait(token);
    }
}

void Server::admit(Door& door, Session::Socket socket) {
    auto peer = protocol::peer_credentials(socket.native_handle());
    if (!peer || !is_admitted(*peer, door.kind, ::geteuid(), settings_.client_group)) {
        log(LogLevel::warn,
            "peer.refused",
            {{"socket", name_of(door.kind)}, {"uid", peer ? peer->uid : 0}, {"pid", peer ? peer->pid : 0}});
        if (peer) backend_.audit.refused(door.kind, {peer->uid, peer->pid, protocol::program_of(peer->pid)});
        return;  // closed without a word
    }
    if (door.sessions >= door.max_sessions) {
        const std::string call_id = next_call_id();
        log(LogLevel::warn,
            "peer.turned_away",
            {{"call_id", call_id}, {"socket", name_of(door.kind)}, {"uid", peer->uid}, {"pid", peer->pid}});
        return turn_away(socket, ErrorCode::overloaded, "too many clients are connected", call_id);
    }
    log(LogLevel::debug,
        "peer.connected",
        {{"socket", name_of(door.kind)}, {"uid", peer->uid}, {"pid", peer->pid}});
    auto session = std::make_shared<Session>(
        std::move(socket), door.kind, std::move(*peer), backend_, Session::Patience{}
    );
    sessions_.insert(session);
    ++door.sessions;
    session->start([this, &door, key = std::weak_ptr(session)] {
        --door.sessions;
        sessions_.erase(key.lock());
        session_ended_.happened();
    });
}

awaitable<bool> Server::drain(std::chrono::steady_clock::time_point deadline) {
    draining_ = true;
    for (const auto& door : doors_) {
        boost::system::error_code ignored;
        door->acceptor.close(ignored);
        std::error_code gone;
        std::filesystem::remove(door->path, gone);
    }
    for (const auto& session : sessions_)
        session->drain();
    if (gateway_) gateway_->drain();
    // Who waits for an unlock would wait for nothing, and hold up the drain.
    backend_.stopping = true;
    backend_.changes.happened();
    while (clients() > 0 && std::chrono::steady_clock::now() < deadline)
        co_await session_ended_.wait_until(deadline);
    co_return clients() == 0;
}

}  // namespace krakken::gate
