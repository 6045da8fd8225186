#include "gate/gateway.hpp"

#include "base/log.hpp"
#include "dispatch.hpp"
#include "http_codec.hpp"
#include "http_conversation.hpp"
#include "http_origin.hpp"
#include "http_routes.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

namespace krakken::gate {

using base::log;
using base::LogLevel;
using boost::asio::awaitable;
using boost::asio::ip::tcp;
using protocol::ErrorCode;
using std::chrono::steady_clock;

namespace {

constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

constexpr auto nobody = static_cast<uid_t>(-1);
const Peer unknown_peer{.uid = nobody, .pid = 0, .groups = {}};
const base::Caller unknown_caller{.uid = nobody, .pid = 0, .program = ""};

std::string remedy_for(boost::system::error_code why) {
    if (why == boost::asio::error::address_in_use)
        return "see who listens there (ss -ltnp), or name another port in [gateway] listen";
    if (why == boost::asio::error::access_denied)
        return "ports below 1024 are root's; name another one in [gateway] listen";
    return "";
}

std::unexpected<protocol::Error> cannot_listen(const ListenAddress& address, boost::system::error_code why) {
    const bool in_use = why == boost::asio::error::address_in_use;
    const std::string reason = in_use ? "another program listens there" : why.message();
    const std::string sentence = fmt::format("gateway.listen: {}: {}", text_of(address), reason);
    return std::unexpected(protocol::make_error(ErrorCode::internal, sentence).with_remedy(remedy_for(why)));
}

}  // namespace

Gateway::Gateway(Backend& backend, GatewaySettings settings, account::Changes& client_left, Patience patience)
    : backend_(backend),
      settings_(std::move(settings)),
      client_left_(client_left),
      patience_(patience),
      acceptor_(backend.executor) {}

Result<void> Gateway::open() {
    if (settings_.tls)
        if (auto opened = open_tls(); !opened) return opened;
    if (auto bound = bind(); !bound) return bound;
    hosts_ = host_names(settings_.listen, settings_.tls);
    const std::string listen = text_of(settings_.listen);
    OpenGateway open{.listen = listen, .url = (settings_.tls ? "https://" : "http://") + listen};
    if (tls_) {
        open.ca_file = tls_->authority().file().string();
        open.ca_pem = tls_->authority().pem();
    }
    log(LogLevel::info, "gateway.listening", {{"url", open.url}});
    backend_.gateway = std::move(open);
    return {};
}

Result<void> Gateway::open_tls() {
    auto authority = net::LocalAuthority::open_or_make(settings_.folder, clock_.now());
    if (!authority) return std::unexpected(std::move(authority.error()));
    if (authority->is_new())
        log(LogLevel::warn,
            "gateway.new_authority",
            {{"ca_file", authority->file().string()},
             {"remedy", "tell TLS clients of it; run: krakkenctl gateway ca"}});
    tls_.emplace(std::move(*authority), settings_.listen.address(), clock_);
    return {};
}

Result<void> Gateway::bind() {
    boost::system::error_code error;
    acceptor_.open(settings_.listen.protocol(), error);
    // Connections of the daemon before may still be dying on it.
    if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(settings_.listen, error);
    if (!error) acceptor_.listen(Acceptor::max_listen_connections, error);
    if (error) return cannot_listen(settings_.listen, error);
    settings_.listen = acceptor_.local_endpoint();  // with the port, where any was wanted
    return {};
}

void Gateway::start() {
    boost::asio::co_spawn(backend_.executor, accept(), [](std::exception_ptr bug) {
        if (bug) std::rethrow_exception(bug);
    });
}

awaitable<void> Gateway::accept() {
    while (!draining_) {
        auto [error, socket] = co_await acceptor_.async_accept(token);
        if (draining_) break;
        if (!error) {
            admit(std::move(socket));
            continue;
        }
        // Out of descriptors, most likely: neither spin nor die, some will be given back.
        log(LogLevel::warn, "accept.failed", {{"socket", "gateway"}, {"why", error.message()}});
        boost::asio::steady_timer pause(backend_.executor, std::chrono::milliseconds(100));
        co_await pause.async_wait(token);
    }
}

void Gateway::admit(tcp::socket socket) {
    const bool full = clients_.size() >= settings_.max_clients;
    if (full && !full_) log(LogLevel::warn, "gateway.full", {{"clients", clients_.size()}});
    full_ = full;
    if (full) return;  // closed without a word, which every client takes for a failure of the network
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto client = tls_ ? tls_->wrap(std::move(socket)) : net::make_plain_stream(std::move(socket));
    clients_.insert(client);
    boost::asio::co_spawn(backend_.executor, serve(client), [this, client](std::exception_ptr bug) {
        if (bug) log(LogLevel::error, "bug", {{"where", "gateway"}, {"what", describe(bug)}});
        clients_.erase(client);
        client_left_.happened();
    });
}

awaitable<void> Gateway::serve(std::shared_ptr<net::ClientStream> client) {
    const auto begun = co_await client->begin(steady_clock::now() + patience_.for_a_handshake);
    if (begun) {
        const auto reply = [this](HttpRequest request, std::function<bool()> is_gone) {
            return answer(std::move(request), std::move(is_gone));
        };
        const HttpPatience patience{
            patience_.for_a_request, patience_.for_the_read_of_a_reply, patience_.for_the_next_request
        };
        co_await converse(client, "", reply, draining_, patience);
    } else {
        log(LogLevel::info, "gateway.handshake_failed", {{"why", begun.error()}});
    }
    co_await client->end(steady_clock::now() + patience_.for_the_end);
}

awaitable<HttpReply> Gateway::answer(HttpRequest request, std::function<bool()> is_gone) {
    auto refusal = refuse_foreign(request, hosts_);
    if (refusal) co_return std::move(*refusal);
    const HttpGuest guest{unknown_peer, unknown_caller, draining_, Door::tcp, std::move(is_gone)};
    co_return co_await answer_http(backend_, std::move(request), guest);
}

void Gateway::drain() {
    draining_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (const auto& client : clients_)
        client->stop_reading();
}

}  // namespace krakken::gate
