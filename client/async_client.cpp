#include "client/async_client.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <exception>
#include <map>

#include "connect.hpp"
#include "envelope.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "protocol/line_reader.hpp"

namespace krakken::client {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t first_buffer = std::size_t{64} * 1024;

// What waits for an answer. It lies in the frame of the coroutine that asked, which outlives its entry.
struct Waiting {
    explicit Waiting(const asio::any_io_executor& executor, bool acting_)
        : answered(executor), acting(acting_) {}

    asio::steady_timer answered;  // expires at the deadline; cancelled when the outcome is there
    std::optional<Outcome<std::string>> outcome;
    bool acting;
    bool leaving = false;  // its bytes may have left
};

struct Outgoing {
    std::uint64_t id;
    std::string line;
};

}  // namespace

// The state that the client and the two coroutines of a connection share.
class AsyncClient::Link : public std::enable_shared_from_this<Link> {
public:
    Link(asio::any_io_executor executor, std::vector<std::filesystem::path> sockets)
        : executor_(std::move(executor)), sockets_(std::move(sockets)), wake_writer_(executor_) {}

    asio::awaitable<Outcome<std::string>> request(std::string method, std::string params, Patience patience);

    void fail_all(const std::string& message) {
        for (auto& [id, waiting] : waiting_)
            settle(
                *waiting,
                std::unexpected(
                    waiting->leaving ? unanswered(FailureKind::lost, message, waiting->acting)
                                     : make_failure(FailureKind::unsent, message, "try it again")
                )
            );
        outgoing_.clear();
        if (socket_) socket_->close();
        socket_.reset();
        wake_writer_.cancel();
    }

private:
    static void settle(Waiting& waiting, Outcome<std::string> outcome) {
        if (!waiting.outcome) waiting.outcome = std::move(outcome);
        waiting.answered.cancel();
    }

    std::optional<Failure> open();
    void answer(std::string_view line);
    static Failure given_up(const Waiting& waiting);

    static asio::awaitable<void> write_all(std::shared_ptr<Link> link, std::shared_ptr<Socket> socket);
    static asio::awaitable<void> read_all(std::shared_ptr<Link> link, std::shared_ptr<Socket> socket);

    // How both coroutines of a connection end: whatever the reason, nobody waits on for them.
    auto at_end(const std::shared_ptr<Socket>& socket) {
        return [link = shared_from_this(), socket](std::exception_ptr error) {
            if (link->socket_ == socket)
                link->fail_all("the connection to krakkend ended before it answered");
            if (error) std::rethrow_exception(error);  // out of memory or a bug: not ours to hide
        };
    }

    asio::any_io_executor executor_;
    std::vector<std::filesystem::path> sockets_;
    std::shared_ptr<Socket> socket_;  // none: not connected
    asio::steady_timer wake_writer_;  // cancelled when there is something to write
    std::deque<Outgoing> outgoing_;
    std::map<std::uint64_t, Waiting*> waiting_;
    std::uint64_t last_id_ = 0;
};

std::optional<Failure> AsyncClient::Link::open() {
    auto connected = connect_any(sockets_);
    if (!connected) return std::move(connected.error());
    sockets_.assign(1, std::move(connected->socket));
    socket_ =
        std::make_shared<Socket>(executor_, asio::local::stream_protocol(), connected->descriptor.release());
    asio::co_spawn(executor_, read_all(shared_from_this(), socket_), at_end(socket_));
    asio::co_spawn(executor_, write_all(shared_from_this(), socket_), at_end(socket_));
    return std::nullopt;
}

asio::awaitable<Outcome<std::string>> AsyncClient::Link::request(
    std::string method, std::string params, Patience patience
) {
    if (auto refused = refuse_params(method, params)) co_return std::unexpected(std::move(*refused));
    if (waiting_.size() >= max_in_flight)
        co_return std::unexpected(make_failure(
            FailureKind::unsent,
            "too many requests wait for an answer; this one was not sent",
            "wait for some"
        ));
    if (!socket_)
        if (auto failure = open()) co_return std::unexpected(std::move(*failure));

    const auto self = shared_from_this();  // the client may go while this waits
    const std::uint64_t id = ++last_id_;
    Waiting waiting(executor_, acts(method, params));
    protocol::make_one_line(params);
    outgoing_.push_back({id, request_head(id, method).append(params).append(request_tail)});
    waiting_.emplace(id, &waiting);
    wake_writer_.cancel();

    // However this coroutine ends (it may throw or be destroyed, too): its entry goes with it, and what has
    // not begun to leave is taken back.
    const auto forget = [this, id](const Waiting* entry) {
        if (!entry->leaving) std::erase_if(outgoing_, [id](const Outgoing& out) { return out.id == id; });
        waiting_.erase(id);
    };
    const std::unique_ptr<Waiting, decltype(forget)> entry(&waiting, forget);

    if (patience) {
        waiting.answered.expires_after(*patience);
    } else {
        waiting.answered.expires_at(asio::steady_timer::time_point::max());
    }
    co_await waiting.answered.async_wait(token);
    if (!waiting.outcome) co_return std::unexpected(given_up(waiting));
    co_return std::move(*waiting.outcome);
}

Failure AsyncClient::Link::given_up(const Waiting& waiting) {
    if (waiting.leaving)
        return unanswered(
            FailureKind::late, "krakkend did not answer before the wait for it ended", waiting.acting
        );
    return make_failure(
        FailureKind::unsent, "the wait ended before the request was sent; nothing was done", "try it again"
    );
}

void AsyncClient::Link::answer(std::string_view line) {
    auto reply = read_reply(line);
    // An answer that cannot be matched leaves every request open.
    if (!reply || !reply->id) return fail_all("krakkend's answer cannot be told which request it is for");
    const auto found = waiting_.find(*reply->id);
    if (found == waiting_.end()) return;  // its wait has ended
    if (reply->result) {
        settle(*found->second, std::string(*reply->result));
    } else {
        settle(*found->second, std::unexpected(std::move(reply->result.error())));
    }
}

asio::awaitable<void> AsyncClient::Link::write_all(
    std::shared_ptr<Link> link, std::shared_ptr<Socket> socket
) {
    while (link->socket_ == socket) {
        if (link->outgoing_.empty()) {
            link->wake_writer_.expires_at(asio::steady_timer::time_point::max());
            co_await link->wake_writer_.async_wait(token);
            continue;
        }
        const Outgoing out = std::move(link->outgoing_.front());
        link->outgoing_.pop_front();
        if (const auto found = link->waiting_.find(out.id); found != link->waiting_.end())
            found->second->leaving = true;
        const auto [error, count] = co_await asio::async_write(*socket, asio::buffer(out.line), token);
        if (error) co_return;
    }
}

asio::awaitable<void> AsyncClient::Link::read_all(
    std::shared_ptr<Link> link, std::shared_ptr<Socket> socket
) {
    std::vector<char> buffer(first_buffer);
    protocol::LineReader lines(buffer);
    while (link->socket_ == socket) {
        std::span<char> space = lines.space();
        if (space.empty()) {
            if (buffer.size() >= protocol::max_reply_bytes) co_return;
            buffer.resize(std::min(2 * buffer.size(), protocol::max_reply_bytes));
            lines.moved_to(buffer);
            continue;
        }
        const auto [error, count] =
            co_await socket->async_read_some(asio::buffer(space.data(), space.size()), token);
        if (error) co_return;
        lines.filled(count);
        for (auto line = lines.take_line(); line; line = lines.take_line())
            link->answer(*line);
    }
}

AsyncClient::AsyncClient(asio::any_io_executor executor, std::vector<std::filesystem::path> sockets)
    : link_(std::make_shared<Link>(std::move(executor), std::move(sockets))) {}

AsyncClient::~AsyncClient() {
    close();
}

asio::awaitable<Outcome<std::string>> AsyncClient::call(
    std::string endpoint, std::string params, CallOptions options
) {
    return link_->request("call", call_params(endpoint, params, options), patience_of(options));
}

asio::awaitable<Outcome<std::string>> AsyncClient::request(
    std::string method, std::string params, Patience patience
) {
    return link_->request(std::move(method), std::move(params), patience);
}

void AsyncClient::close() {
    link_->fail_all("the client was closed");
}

}  // namespace krakken::client
