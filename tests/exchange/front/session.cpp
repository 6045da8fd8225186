#include "tests/exchange/front/session.hpp"

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/write.hpp>
#include <iostream>

namespace exchange::front {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto handshake_time = 10s;
constexpr auto request_time = 30s;  // from its first byte to its last
constexpr auto write_time = 30s;
constexpr auto shutdown_time = 2s;

std::string_view name_of(const std::optional<Fault>& fault) {
    return fault ? kind_name(fault->kind) : std::string_view{};
}

}  // namespace

Session::Session(HttpsServer& server, Socket socket, std::uint64_t id)
    : server_(server),
      fault_(server.exchange().faults().for_connection()),
      stream_(std::move(socket), server.tls(fault_ ? fault_->certificate : "")),
      watchdog_(stream_.get_executor()) {
    connection_.id = id;
    boost::system::error_code error;
    const auto peer = stream_.next_layer().remote_endpoint(error);
    if (!error) connection_.address = peer.address().to_string();
    stream_.next_layer().set_option(asio::ip::tcp::no_delay(true), error);
}

asio::awaitable<void> Session::run() {
    using namespace asio::experimental::awaitable_operators;
    co_await (live() || watchdog_.watch());
}

void Session::close() {
    watchdog_.fire();
}

void Session::idle_changed() {
    if (!idle_) return;
    const Exchange& exchange = server_.exchange();
    const auto usual = exchange.switches().keep_alive_idle_ms;
    watchdog_.within(std::chrono::milliseconds(exchange.faults().idle_ms().value_or(usual)));
}

// Never throws: beside a watchdog only an orderly end lets the other side go.
asio::awaitable<void> Session::live() {
    try {
        const bool open = co_await shake_hands();
        while (open) {
            auto request = co_await read_request();
            if (!request) break;
            const bool more = co_await serve(std::move(*request));
            if (!more) break;
        }
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) std::cerr << "session: " << error.what() << '\n';
    } catch (const std::exception& error) {
        std::cerr << "session: " << error.what() << '\n';
    }
}

asio::awaitable<bool> Session::shake_hands() {
    if (fault_ && fault_->kind == FaultKind::connect_half_open) {
        co_await hold();
        co_return false;
    }
    if (fault_ && fault_->certificate.empty()) {  // a server that does not speak TLS
        const std::string plain = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        watchdog_.within(write_time);
        co_await asio::async_write(stream_.next_layer(), asio::buffer(plain), token);
        co_return false;
    }
    watchdog_.within(handshake_time);
    const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, token);
    if (error) {
        server_.handshake_failed();
        co_return false;
    }
    connection_.tls_version = SSL_get_version(stream_.native_handle());
    const char* name = SSL_get_servername(stream_.native_handle(), TLSEXT_NAMETYPE_host_name);
    connection_.server_name = name == nullptr ? "" : name;
    co_return true;
}

asio::awaitable<std::optional<Request>> Session::read_request() {
    RequestReader reader;
    std::array<char, 16 * 1024> buffer;
    idle_ = true;
    idle_changed();
    for (;;) {
        const auto state = reader.feed(unread_);
        if (reader.started() && idle_) {
            idle_ = false;
            watchdog_.within(request_time);
        }
        if (state == RequestReader::State::done) co_return reader.take();
        if (state != RequestReader::State::more) {
            const unsigned status = state == RequestReader::State::too_large ? 413 : 400;
            const ReplyBytes page = to_bytes(html_page(status), false);
            co_await write(page.head + page.body);
            co_return std::nullopt;
        }
        if (reader.wants_continue()) {
            const bool written = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
            if (!written) co_return std::nullopt;
            watchdog_.within(request_time);
        }
        const auto [error, size] = co_await stream_.async_read_some(asio::buffer(buffer), token);
        if (error) co_return std::nullopt;
        unread_.append(buffer.data(), size);
    }
}

asio::awaitable<bool> Session::serve(Request request) {
    watchdog_.off();  // a fault may delay it as long as it likes
    Exchange& exchange = server_.exchange();
    const auto fault =
        exchange.faults().for_request(endpoint_of(request.target), exchange.account_of(request));
    if (fault) co_await wait(fault->delay_before_ms);
    const Reach reach = fault ? reach_of(*fault) : Reach::venue;
    const Outcome outcome = exchange.handle(request, connection_, reach, std::string(name_of(fault)));
    if (fault && fault->kind == FaultKind::duplicate) {
        server_.duplicate(request, connection_, fault->duplicate_ms, outcome.journal_id);
    }
    if (fault) co_await wait(fault->delay_after_ms);
    Delivery delivery = plan_delivery(exchange, outcome, fault, request.keep_alive);
    const bool more = co_await deliver(std::move(delivery));
    co_return more;
}

asio::awaitable<bool> Session::deliver(Delivery delivery) {
    std::string_view rest = delivery.bytes;
    while (!rest.empty()) {
        const std::size_t size = delivery.chunk == 0 ? rest.size() : std::min(delivery.chunk, rest.size());
        const bool written = co_await write(std::string(rest.substr(0, size)));
        if (!written) co_return false;
        rest.remove_prefix(size);
        if (!rest.empty()) co_await wait(delivery.interval_ms);
    }
    switch (delivery.ending) {
        case Delivery::Ending::keep:
            co_return true;
        case Delivery::Ending::cut:
            co_return false;
        case Delivery::Ending::reset:
            reset_connection();
            co_return false;
        case Delivery::Ending::hold:
            break;
        case Delivery::Ending::shutdown: {
            watchdog_.within(shutdown_time);
            co_await stream_.async_shutdown(token);
            co_return false;
        }
    }
    co_await hold();
    co_return false;
}

asio::awaitable<bool> Session::write(std::string bytes) {
    watchdog_.within(write_time);
    const auto [error, size] = co_await asio::async_write(stream_, asio::buffer(bytes), token);
    watchdog_.off();
    co_return !error;
}

asio::awaitable<void> Session::wait(std::int64_t milliseconds) {
    if (milliseconds == 0) co_return;
    asio::steady_timer timer(stream_.get_executor(), std::chrono::milliseconds(milliseconds));
    co_await timer.async_wait(token);
}

asio::awaitable<void> Session::hold() {
    std::array<char, 4096> ignored;
    watchdog_.off();
    for (;;) {
        const auto [error, size] =
            co_await stream_.next_layer().async_read_some(asio::buffer(ignored), token);
        if (error) co_return;
    }
}

void Session::reset_connection() {
    boost::system::error_code error;
    stream_.next_layer().set_option(asio::socket_base::linger(true, 0), error);
    stream_.next_layer().close(error);
}

}  // namespace exchange::front
