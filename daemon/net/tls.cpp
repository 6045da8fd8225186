#include "tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <stdexcept>
#include <tuple>

namespace krakken::net {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

struct FreeSession {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

int context_slot() {
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

void load_authorities(ssl::context& context, const std::filesystem::path& ca_file) {
    error_code error;
    if (ca_file.empty()) {
        context.set_default_verify_paths(error);
        if (error) throw std::runtime_error("the system's CA store cannot be used: " + error.message());
        return;
    }
    // To open a fifo would wait for a writer, and at a reload the event loop with it.
    std::error_code unknown;
    const auto type = std::filesystem::status(ca_file, unknown).type();
    if (type == std::filesystem::file_type::fifo) {
        error = boost::system::errc::make_error_code(boost::system::errc::not_supported);
    } else {
        context.load_verify_file(ca_file.string(), error);
    }
    if (error) {
        throw std::runtime_error(
            "the CA file " + ca_file.string() + " cannot be used: " + error.message() +
            "; it must be a readable file of PEM certificates"
        );
    }
}

// OpenSSL's own check, because its verdict ("hostname mismatch") reaches the log and a callback's does not.
void expect_host(SSL_CTX* context, const Endpoint& endpoint) {
    X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int done =
        endpoint.is_address
            ? X509_VERIFY_PARAM_set1_ip_asc(parameters, endpoint.host.c_str())
            : X509_VERIFY_PARAM_set1_host(parameters, endpoint.host.data(), endpoint.host.size());
    if (done != 1) throw std::runtime_error("the host " + endpoint.host + " cannot be verified by TLS");
}

}  // namespace

struct TlsClient::Context {
    explicit Context(const Endpoint& of) : endpoint(of) {}

    // Called by OpenSSL for every session ticket; answering 1 keeps the session.
    static int keep_session(SSL* connection, SSL_SESSION* session) {
        void* self = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), context_slot());
        static_cast<Context*>(self)->session.reset(session);
        return 1;
    }

    Endpoint endpoint;
    ssl::context settings{ssl::context::tls_client};
    std::unique_ptr<SSL_SESSION, FreeSession> session;  // the newest; saves a round of certificate checks
};

class AsioTlsStream final : public TlsStream {
public:
    AsioTlsStream(tcp::socket socket, std::shared_ptr<TlsClient::Context> context)
        : context_(std::move(context)), stream_(std::move(socket), context_->settings) {
        SSL* connection = stream_.native_handle();
        const Endpoint& endpoint = context_->endpoint;
        // RFC 6066: a name is indicated, an address never.
        if (!endpoint.is_address) SSL_set_tlsext_host_name(connection, endpoint.host.c_str());
        if (context_->session) SSL_set_session(connection, context_->session.get());
    }

    ~AsioTlsStream() override { AsioTlsStream::close(); }

    awaitable<std::expected<void, std::string>> handshake() override {
        auto [error] = co_await stream_.async_handshake(ssl::stream_base::client, as_result);
        if (!error) co_return std::expected<void, std::string>();
        context_->session.reset();  // in case it was the reason
        co_return std::unexpected(describe(error));
    }

    awaitable<std::pair<error_code, std::size_t>> read_some(std::span<char> into) override {
        auto [error, size] =
            co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), as_result);
        co_return std::pair(error, size);
    }

    void write(std::string_view bytes, std::function<void(error_code)> done) override {
        asio::async_write(
            stream_,
            asio::buffer(bytes),
            [done = std::move(done)](error_code error, std::size_t) { done(error); }
        );
    }

    bool quiet() override {
        char byte = 0;
        const int socket = stream_.next_layer().native_handle();
        return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    }

    void close() override {
        if (!stream_.next_layer().is_open()) return;
        // Without this OpenSSL takes the end for a truncation and spoils the session for resumption.
        SSL_set_shutdown(stream_.native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        error_code ignored;  // a close that fails has closed all the same
        stream_.next_layer().close(ignored);
    }

private:
    std::string describe(error_code error) {
        const long verdict = SSL_get_verify_result(stream_.native_handle());
        if (verdict == X509_V_OK) return error.message();
        return std::string("certificate: ") + X509_verify_cert_error_string(verdict);
    }

    std::shared_ptr<TlsClient::Context> context_;
    ssl::stream<tcp::socket> stream_;
};

TlsClient::TlsClient(const Endpoint& endpoint, const std::filesystem::path& ca_file)
    : context_(std::make_shared<Context>(endpoint)) {
    load_authorities(context_->settings, ca_file);
    SSL_CTX* settings = context_->settings.native_handle();
    if (SSL_CTX_set_min_proto_version(settings, TLS1_2_VERSION) != 1) {
        throw std::runtime_error("OpenSSL refuses TLS 1.2 as the oldest version");
    }
    SSL_CTX_set_options(settings, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_verify(settings, SSL_VERIFY_PEER, nullptr);
    expect_host(settings, endpoint);
    SSL_CTX_set_ex_data(settings, context_slot(), context_.get());
    SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(settings, Context::keep_session);
}

TlsClient::~TlsClient() = default;

std::shared_ptr<TlsStream> TlsClient::wrap(tcp::socket socket) {
    return std::make_shared<AsioTlsStream>(std::move(socket), context_);
}

}  // namespace krakken::net
