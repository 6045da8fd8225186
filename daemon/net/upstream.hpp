#pragma once

// HTTPS to one host over warm, kept-alive connections. The only room that knows TLS and HTTP; it knows
// nothing of Kraken.
//
// Nothing is ever sent twice by this layer: a request that failed comes back with how far it got, and the
// caller decides. Used from the event loop's thread only.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <cstddef>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace krakken::net {

using boost::asio::awaitable;

struct Request {
    std::string method;                                        // "GET" or "POST"
    std::string target;                                        // path and query, e.g. "/0/private/Balance"
    std::vector<std::pair<std::string, std::string>> headers;  // beside Host, User-Agent, Content-Length
    std::string body;
    // Where connected, the caller gives the exchange up by it (terminal); its connection is closed.
    boost::asio::cancellation_slot give_up = {};
    // Called when the last byte has been given to the network, unless the exchange ended before.
    std::function<void()> on_written = {};
};

// A complete HTTP reply of any status.
struct Reply {
    unsigned status = 0;
    std::string content_type;
    std::string body;
};

enum class FailureKind {
    resolve,
    connect,
    tls,  // handshake or certificate
    timed_out,
    closed,     // the peer ended the connection before a whole reply was there
    malformed,  // not HTTP
    too_large,
    given_up,  // by the caller
};

struct Failure {
    FailureKind kind = FailureKind::connect;
    // Bytes of the request were given to the TLS stream: the peer may have acted on it.
    bool sent = false;
    std::string detail;  // for the log: system or OpenSSL text, never bytes of request or reply
};

struct UpstreamSettings {
    std::string base_url;           // https://host[:port]
    std::filesystem::path ca_file;  // PEM bundle; empty: the system's store
    std::string user_agent;
    std::chrono::milliseconds connect_timeout{5000};  // name, TCP and TLS together
    std::chrono::milliseconds max_idle{15000};  // an idle connection older than this is never used again
    std::size_t max_connections = 32;
    std::size_t max_reply_bytes = std::size_t{64} << 20;
};

class Upstream {
public:
    virtual ~Upstream() = default;

    // One request, one reply, on a connection of its own for that time. Ends by `deadline` at the latest; a
    // call that is cancelled (terminal) closes its connection.
    virtual awaitable<std::expected<Reply, Failure>> exchange(
        Request request, std::chrono::steady_clock::time_point deadline
    ) = 0;

    // Keeps `count` connections open and fresh from now on (0: none), so that a call finds one ready: an idle
    // one is replaced before it is too old. Stops by itself some minutes after the last call; the next call
    // starts it again.
    virtual void keep_warm(std::size_t count) = 0;

    // Closes idle connections and refuses new requests; running ones go on to their deadlines.
    virtual void close() = 0;
};

// Throws std::runtime_error when the settings cannot work (not https, unreadable CA file).
std::unique_ptr<Upstream> make_upstream(boost::asio::any_io_executor executor, UpstreamSettings settings);

}  // namespace krakken::net
