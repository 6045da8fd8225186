#pragma once

// One connection: lines in, replies out, several calls at once; or HTTP, where a client begins so. It lives
// until its last reply is written, and does not cancel a call whose client has gone: an order that is on its
// way must be seen to its end.

#include "gate/backend.hpp"
#include "gate/peer.hpp"
#include "gate/read_buffer.hpp"
#include "gate/request.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace krakken::gate {

class AdminRow;

class Session : public std::enable_shared_from_this<Session> {
public:
    using Socket = boost::asio::local::stream_protocol::socket;

    struct Patience {
        std::chrono::milliseconds for_a_line{30'000};
        std::chrono::milliseconds for_the_read_of_a_reply{60'000};
    };

    Session(Socket socket, protocol::SocketKind kind, Peer peer, Backend& backend, Patience patience);

    // `ended` is called once, when nothing of the session runs any more, nor any of its calls.
    void start(std::function<void()> ended);
    // Refuses new requests, finishes the ones that run, then closes.
    void drain();
    // Closes now; the calls that run go on without a reader.
    void abort();

private:
    // The requests of one line, answered together.
    struct Group {
        bool batch = false;
        std::size_t open = 0;
        std::vector<Reply> replies;  // in the order of the requests
    };

    boost::asio::awaitable<void> read_lines();
    enum class Rest { of_the_line, until_closed };
    boost::asio::awaitable<void> discard_rest(Rest rest);
    bool begins_as_http(char first_byte) const;
    boost::asio::awaitable<void> speak_http(std::string begun);
    boost::asio::awaitable<void> write_replies();
    void half_ended(std::exception_ptr bug);

    void serve(std::string_view line);
    void serve(const Request& request, const std::shared_ptr<Group>& group, std::size_t place);
    void note(std::optional<AdminRow>& row, const protocol::Result<std::string>& outcome);
    // `method` is for the log, and not the client's text.
    void finish(
        Group& group, std::size_t place, std::string_view method, protocol::Result<std::string> outcome
    );
    void send(std::string text);
    void flush();
    void forget(std::string& sent) const;
    void watch_for_slow_line();
    bool is_full() const { return running_ >= max_running || outbox_.size() >= max_unsent; }
    bool has_finished() const { return reading_ended_ && running_ == 0 && outbox_.empty(); }

    // More calls at once than any sensible bot has; the next ones wait in the socket.
    static constexpr std::size_t max_running = 64;
    // A client that does not read its replies gets no further ones made.
    static constexpr std::size_t max_unsent = 1024 * 1024;
    // Of a line that is too long, before the connection is closed.
    static constexpr std::size_t most_discarded = 4 * 1024 * 1024;

    Socket socket_;
    protocol::SocketKind kind_;
    Peer peer_;
    base::Caller caller_;
    Backend& backend_;
    Patience patience_;
    ReadBuffer buffer_;
    bool begun_ = false;  // its first byte was there

    std::string outbox_;
    bool writing_ = false;  // a part of the replies is on its way; the rest keeps behind it
    std::size_t running_ = 0;
    bool reading_ended_ = false;
    bool draining_ = false;
    int halves_ = 0;  // of reading and writing, still running
    boost::asio::steady_timer
        may_write_;  // cancelled when there is something to write, or nothing more to come
    boost::asio::steady_timer may_read_;  // cancelled when there may be room for further requests
    boost::asio::steady_timer line_deadline_;
    bool line_watched_ = false;
    std::function<void()> ended_;
};

}  // namespace krakken::gate
