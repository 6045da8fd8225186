#pragma once

// One established connection: it always reads, so that it notices the peer's end at once, and carries one
// exchange at a time. Must be owned by a shared_ptr: its read holds it until it is closed.

#include "http_codec.hpp"
#include "tls.hpp"
#include "upstream.hpp"

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace krakken::net {

class Connection : public std::enable_shared_from_this<Connection> {
public:
    using Clock = std::chrono::steady_clock;

    Connection(
        boost::asio::any_io_executor executor, std::shared_ptr<TlsStream> stream, std::size_t max_reply_bytes
    );

    // Begins to read. `lost` is called once, when the connection has ended while no exchange was on it.
    void start(std::function<void(Connection&)> lost);

    // Can carry an exchange: open, its last reply was complete and kept alive, and nothing unasked has come.
    bool usable();
    bool idle_and_open() const { return open_ && !exchanging() && reusable_; }
    unsigned exchanges() const { return exchanges_; }

    // Sends `request` and waits for the reply; ends by `deadline`. A failure has `sent`, unless the peer had
    // ended the connection before.
    awaitable<std::expected<Reply, Failure>> exchange(
        std::string request,
        Clock::time_point deadline,
        boost::asio::cancellation_slot give_up,
        std::function<void()> tell_written
    );

    void close();

private:
    using Outcome = std::expected<Reply, Failure>;

    static awaitable<void> read_until_end(std::shared_ptr<Connection> self);
    bool exchanging() const { return assembler_ && !outcome_; }
    void on_bytes(std::string_view bytes);
    void on_end(error_code error);
    void on_written(error_code error);
    void conclude(ReplyAssembler::State state);
    void finish(Outcome outcome);

    std::shared_ptr<TlsStream> stream_;
    std::size_t max_reply_bytes_;
    boost::asio::steady_timer wake_;  // the exchange waits on it: its expiry is the deadline
    std::function<void(Connection&)> lost_;
    std::array<char, 16 * 1024> incoming_;  // one TLS record

    std::string request_;
    std::function<void()> tell_written_;  // none: nobody wants to know
    std::optional<ReplyAssembler> assembler_;
    std::optional<Outcome> outcome_;
    unsigned exchanges_ = 0;
    bool written_ = true;
    bool reusable_ = true;
    bool open_ = true;
};

}  // namespace krakken::net
