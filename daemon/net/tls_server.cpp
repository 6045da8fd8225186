#include "net/tls_server.hpp"

#include "client_stream_on.hpp"

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <stdexcept>

namespace krakken::net {

namespace ssl = boost::asio::ssl;
using boost::asio::awaitable;
using boost::asio::ip::tcp;

namespace {

constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::chrono::days renewed_before{30};

class TlsClientStream final : public ClientStreamOn<ssl::stream<tcp::socket>> {
public:
    TlsClientStream(tcp::socket socket, ssl::context& settings)
        : ClientStreamOn(std::move(socket), settings) {}

    awaitable<std::expected<void, std::string>> begin(Deadline deadline) override {
        alarm_.set(deadline);
        const auto [error] = co_await stream_.async_handshake(ssl::stream_base::server, token);
        alarm_.off();
        if (error) co_return std::unexpected(error.message());
        co_return std::expected<void, std::string>();
    }

    awaitable<void> end(Deadline deadline) override {
        alarm_.set(deadline);
        co_await stream_.async_shutdown(token);
        alarm_.off();
        co_await end_socket(deadline);
    }

private:
    tcp::socket& socket() override { return stream_.next_layer(); }
};

}  // namespace

// A stream keeps what it needs of it, so that it may go while there are streams.
struct TlsServer::Context {
    explicit Context(const Issued& own) : from(own.from), until(own.until) {
        SSL_CTX* context = settings.native_handle();
        SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
        const bool done = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                          SSL_CTX_use_certificate(context, own.certificate.get()) == 1 &&
                          SSL_CTX_use_PrivateKey(context, own.key.get()) == 1;
        if (!done) throw std::runtime_error("OpenSSL refuses the gateway's certificate");
    }

    ssl::context settings{ssl::context::tls_server};
    base::Time from;
    base::Time until;
};

TlsServer::TlsServer(LocalAuthority authority, boost::asio::ip::address address, const base::Clock& clock)
    : authority_(std::move(authority)), address_(std::move(address)), clock_(clock) {
    renew();
}

TlsServer::~TlsServer() = default;

void TlsServer::renew() {
    context_ = std::make_unique<Context>(authority_.issue(address_, clock_.now()));
}

std::shared_ptr<ClientStream> TlsServer::wrap(tcp::socket socket) {
    const base::Time now = clock_.now();
    if (now < context_->from || now + renewed_before > context_->until) {
        try {
            renew();
        } catch (const std::runtime_error&) {
            // The one that is there is good for some time yet; the next connection tries again.
        }
    }
    return std::make_shared<TlsClientStream>(std::move(socket), context_->settings);
}

}  // namespace krakken::net
