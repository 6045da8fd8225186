#include "test_server.hpp"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace krakken::net::test {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

std::size_t body_length(const std::string& header) {
    constexpr std::string_view name = "Content-Length: ";
    const std::size_t at = header.find(name);
    return at == std::string::npos ? 0 : std::stoul(header.substr(at + name.size()));
}

}  // namespace

std::string Peer::server_name() const {
    const char* name = SSL_get_servername(stream_.native_handle(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
}

bool Peer::resumed() const {
    return SSL_session_reused(stream_.native_handle()) == 1;
}

std::string Peer::read_header() {
    std::array<char, 4096> buffer{};
    while (unread_.find("\r\n\r\n") == std::string::npos) {
        error_code error;
        const std::size_t size = stream_.read_some(asio::buffer(buffer), error);
        if (error) return "";
        unread_.append(buffer.data(), size);
    }
    const std::size_t length = unread_.find("\r\n\r\n") + 4;
    std::string header = unread_.substr(0, length);
    unread_.erase(0, length);
    return header;
}

std::string Peer::read_request() {
    std::string request = read_header();
    const std::size_t length = body_length(request);
    std::array<char, 4096> buffer{};
    while (unread_.size() < length) {
        const std::size_t size = stream_.read_some(asio::buffer(buffer));
        unread_.append(buffer.data(), size);
    }
    request += unread_.substr(0, length);
    unread_.erase(0, length);
    return request;
}

void Peer::send(std::string_view bytes) {
    asio::write(stream_, asio::buffer(bytes));
}

void Peer::reply() {
    const std::string body = "connection " + std::to_string(number_);
    send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

void Peer::end() {
    // The blocking shutdown would wait for the client's close_notify; this one is left as soon as ours is
    // out.
    auto& context = static_cast<asio::io_context&>(stream_.get_executor().context());
    stream_.async_shutdown([](error_code) {});
    context.restart();
    context.poll();
    cut();
    context.poll();
}

void Peer::cut() {
    error_code ignored;
    stream_.next_layer().shutdown(tcp::socket::shutdown_both, ignored);
}

void Peer::reset() {
    stream_.next_layer().set_option(asio::socket_base::linger(true, 0));
    stream_.next_layer().close();
}

void Peer::wait_for_end() {
    std::array<char, 4096> buffer{};
    error_code error;
    while (!error) {
        stream_.next_layer().read_some(asio::buffer(buffer), error);
    }
}

void answer_all(Peer& peer) {
    while (!peer.read_request().empty()) {
        peer.reply();
    }
}

TestServer::TestServer(const Identity& identity, Script script, ServerWish wish)
    : acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      port_(acceptor_.local_endpoint().port()),
      script_(std::move(script)),
      wish_(wish) {
    tls_.use_certificate_chain(asio::buffer(identity.certificate_pem));
    tls_.use_private_key(asio::buffer(identity.key_pem), asio::ssl::context::pem);
    if (wish_.only_tls11) {
        // OpenSSL's default security level has no TLS 1.1.
        SSL_CTX_set_cipher_list(tls_.native_handle(), "ALL:@SECLEVEL=0");
        SSL_CTX_set_min_proto_version(tls_.native_handle(), TLS1_1_VERSION);
        SSL_CTX_set_max_proto_version(tls_.native_handle(), TLS1_1_VERSION);
    }
    acceptor_thread_ = std::thread([this] { accept_all(); });
}

TestServer::~TestServer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (const int socket : open_sockets_) {
            ::shutdown(socket, SHUT_RDWR);
        }
    }
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    acceptor_thread_.join();
    for (std::thread& connection : connections_) {
        connection.join();
    }
}

std::vector<std::string> TestServer::events() const {
    const std::lock_guard lock(mutex_);
    return events_;
}

int TestServer::count(std::string_view event_prefix) const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::ranges::count_if(events_, [&](const std::string& event) {
        return event.starts_with(event_prefix);
    }));
}

void TestServer::note(std::string event) {
    {
        const std::lock_guard lock(mutex_);
        events_.push_back(std::move(event));
    }
    changed_.notify_all();
}

void TestServer::wait_for(std::string_view event_prefix, int times) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
        return std::ranges::count_if(events_, [&](const std::string& event) {
                   return event.starts_with(event_prefix);
               }) >= times;
    });
}

void TestServer::accept_all() {
    for (int number = 1;; ++number) {
        error_code error;
        tcp::socket socket = acceptor_.accept(error);
        const std::lock_guard lock(mutex_);
        if (error || stopping_) return;
        open_sockets_.push_back(socket.native_handle());
        connections_.emplace_back([this, number, taken = std::move(socket)]() mutable {
            serve(number, std::move(taken));
        });
    }
}

void TestServer::serve(int number, tcp::socket socket) {
    const int descriptor = socket.native_handle();
    // Else a second small write waits for the client's acknowledgement, and "sent" is not yet on its way.
    socket.set_option(tcp::no_delay(true));
    asio::ssl::stream<tcp::socket> stream(std::move(socket), tls_);
    try {
        if (wish_.handshake) stream.handshake(asio::ssl::stream_base::server);
        note("open " + std::to_string(number));
        Peer peer(number, stream);
        script_(peer);
    } catch (const boost::system::system_error&) {
        note("broken " + std::to_string(number));
    }
    {
        const std::lock_guard lock(mutex_);
        open_sockets_.remove(descriptor);
    }
    error_code ignored;
    stream.next_layer().close(ignored);
    note("end " + std::to_string(number));
}

}  // namespace krakken::net::test
