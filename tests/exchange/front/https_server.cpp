#include "tests/exchange/front/https_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <iostream>

#include "tests/exchange/front/session.hpp"
#include "tests/exchange/front/watchdog.hpp"

namespace exchange::front {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_sessions = 2000;
constexpr std::size_t most_duplicates = 1000;

// Takes HTTP/1.1 if the client offers it; a client that offers only others gets no answer to its offer and
// may go on without.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered, unsigned offered_size, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* out = nullptr;
    if (SSL_select_next_proto(&out, size, ours, sizeof ours - 1, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *chosen = out;
    return SSL_TLSEXT_ERR_OK;
}

asio::ssl::context make_context(const Certificate& certificate) {
    asio::ssl::context context(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_alpn_select_cb(context.native_handle(), choose_protocol, nullptr);
    context.use_certificate_chain(asio::buffer(certificate.certificate));
    context.use_private_key(asio::buffer(certificate.key), asio::ssl::context::pem);
    return context;
}

}  // namespace

HttpsServer::HttpsServer(
    asio::io_context& context, Exchange& exchange, const TlsFiles& tls, const tcp::endpoint& where
)
    : context_(context), exchange_(exchange), where_(where), acceptor_(context) {
    tls_.emplace("", make_context(tls.server));
    tls_.emplace("expired", make_context(issue(tls.authority, Flaw::expired)));
    tls_.emplace("wrong_name", make_context(issue(tls.authority, Flaw::wrong_name)));
    tls_.emplace("untrusted", make_context(issue(make_authority(), Flaw::none)));
    listen();
}

HttpsServer::~HttpsServer() = default;

ServerHooks HttpsServer::hooks() {
    return {
        .counts =
            [this] {
                ConnectionCounts counts = counts_;
                counts.open = sessions_.size();
                return counts;
            },
        .close_connections = [this] { close_connections(); },
        .forget_duplicates = [this] { forget_duplicates(); },
        .faults_changed = [this] { apply_faults(); },
    };
}

void HttpsServer::listen() {
    acceptor_.open(where_.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(where_);
    acceptor_.listen();
    where_ = acceptor_.local_endpoint();  // the port the kernel chose stays when it has to open again
    asio::co_spawn(context_, accept(), [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

asio::awaitable<void> HttpsServer::accept() {
    while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(token);
        if (error == asio::error::operation_aborted) co_return;
        if (error) {  // out of file descriptors, perhaps: some may come back
            asio::steady_timer pause(context_, std::chrono::milliseconds(100));
            co_await pause.async_wait(token);
            continue;
        }
        if (sessions_.size() < most_sessions) start(std::move(socket));
    }
}

void HttpsServer::start(tcp::socket socket) {
    const std::uint64_t id = ++counts_.accepted;
    auto session = std::make_shared<Session>(*this, std::move(socket), id);
    sessions_.emplace(id, session);
    asio::co_spawn(context_, session->run(), [this, id](const std::exception_ptr& failure) {
        sessions_.erase(id);
        if (failure) std::cerr << "session " << id << " ended by an exception\n";
    });
}

void HttpsServer::duplicate(
    Request request, Connection connection, std::int64_t after_ms, std::uint64_t journal_id
) {
    if (duplicates_.size() >= most_duplicates) return;
    const auto timer = duplicates_.emplace(duplicates_.end(), context_, std::chrono::milliseconds(after_ms));
    timer->async_wait([this,
                       timer,
                       request = std::move(request),
                       connection = std::move(connection),
                       journal_id](boost::system::error_code error) {
        if (!error) exchange_.handle(request, connection, Reach::venue, "duplicate", journal_id);
        duplicates_.erase(timer);
    });
}

void HttpsServer::forget_duplicates() {
    for (auto& timer : duplicates_)
        timer.cancel();
}

void HttpsServer::close_connections() {
    for (const auto& [id, session] : sessions_)
        session->close();
}

void HttpsServer::apply_faults() {
    const bool refuses = exchange_.faults().refuses_connections();
    if (refuses && acceptor_.is_open()) acceptor_.close();
    if (!refuses && !acceptor_.is_open() && !stopped_) listen();
    for (const auto& [id, session] : sessions_)
        session->idle_changed();
}

void HttpsServer::stop() {
    stopped_ = true;
    boost::system::error_code error;
    acceptor_.close(error);
    close_connections();
    forget_duplicates();
}

}  // namespace exchange::front
