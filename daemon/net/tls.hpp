#pragma once

// TLS to one host, verified always.

#include "endpoint.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace krakken::net {

using boost::asio::awaitable;
using boost::asio::ip::tcp;
using boost::system::error_code;

// One connection. One read and one write may be under way at the same time.
class TlsStream {
public:
    virtual ~TlsStream() = default;

    // The error says what OpenSSL or the certificate check says.
    virtual awaitable<std::expected<void, std::string>> handshake() = 0;
    // asio::error::eof is the peer's orderly end (close_notify); a bare end of the TCP stream is another
    // error. `into` must stay until the read has ended.
    virtual awaitable<std::pair<error_code, std::size_t>> read_some(std::span<char> into) = 0;
    // All bytes; `bytes` must stay until `done` is called.
    virtual void write(std::string_view bytes, std::function<void(error_code)> done) = 0;
    // Nothing has come in that was not read yet.
    virtual bool quiet() = 0;
    // Ends what is under way with an error. May be called more than once.
    virtual void close() = 0;
};

class TlsClient {
public:
    // TLS 1.2 or newer, certificate and host checked, against `ca_file` or, if that is empty, the system's
    // store. Throws std::runtime_error when the CA file cannot be used.
    TlsClient(const Endpoint& endpoint, const std::filesystem::path& ca_file);
    ~TlsClient();

    std::shared_ptr<TlsStream> wrap(tcp::socket socket);

private:
    friend class AsioTlsStream;
    struct Context;
    std::shared_ptr<Context> context_;  // shared with the streams, which may live longer
};

}  // namespace krakken::net
