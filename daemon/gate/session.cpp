#include "gate/session.hpp"

#include "audit_rows.hpp"
#include "base/log.hpp"
#include "base/protected_memory.hpp"
#include "dispatch.hpp"
#include "http_conversation.hpp"
#include "http_routes.hpp"

#include <sodium.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace krakken::gate {

using base::log;
using base::LogLevel;
using boost::asio::awaitable;
using boost::asio::steady_timer;

namespace {

constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace

Session::Session(Socket socket, protocol::SocketKind kind, Peer peer, Backend& backend, Patience patience)
    : socket_(std::move(socket)),
      kind_(kind),
      peer_(std::move(peer)),
      caller_{peer_.uid, peer_.pid, protocol::program_of(peer_.pid)},
      backend_(backend),
      patience_(patience),
      buffer_(kind),
      may_write_(socket_.get_executor(), steady_timer::time_point::max()),
      may_read_(socket_.get_executor(), steady_timer::time_point::max()),
      line_deadline_(socket_.get_executor()) {
    socket_.non_blocking(true);  // flush() must not wait
}

void Session::start(std::function<void()> ended) {
    ended_ = std::move(ended);
    halves_ = 2;
    const auto done = [self = shared_from_this()](std::exception_ptr bug) { self->half_ended(bug); };
    boost::asio::co_spawn(socket_.get_executor(), read_lines(), done);
    boost::asio::co_spawn(socket_.get_executor(), write_replies(), done);
}

void Session::half_ended(std::exception_ptr bug) {
    if (bug) {
        log(LogLevel::error, "bug", {{"where", "session"}, {"what", describe(bug)}});
        abort();
    }
    if (--halves_ == 0) std::exchange(ended_, nullptr)();
}

void Session::drain() {
    draining_ = true;
    reading_ended_ = true;
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_receive, ignored);
    may_read_.cancel();
    may_write_.cancel();
}

void Session::abort() {
    reading_ended_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    line_deadline_.cancel();
    may_read_.cancel();
    may_write_.cancel();
}

awaitable<void> Session::read_lines() {
    while (!reading_ended_) {
        const std::span<char> space = buffer_.space();
        if (space.empty()) {
            Group alone{.batch = false, .open = 1, .replies = {Reply{"null", next_call_id(), ""}}};
            finish(alone, 0, "", std::unexpected(line_too_long().error));
            flush();
            co_await discard_rest(Rest::of_the_line);
            break;
        }
        const auto [error, count] =
            co_await socket_.async_read_some(boost::asio::buffer(space.data(), space.size()), token);
        if (error) break;
        buffer_.filled(count);
        if (!std::exchange(begun_, true) && begins_as_http(space.front())) {
            std::string begun(space.data(), count);
            sodium_memzero(space.data(), count);
            co_await speak_http(std::move(begun));
            break;
        }
        while (const auto line = buffer_.take_line()) {
            line_watched_ = false;  // it has ended; the next one has time of its own
            serve(*line);
            if (is_full()) flush();
            while (!reading_ended_ && is_full())
                co_await may_read_.async_wait(token);
            if (reading_ended_ && !draining_) break;
        }
        flush();
        buffer_.lines_are_done();
        // What Boost.JSON decoded on the stack may have been a passphrase.
        if (kind_ == protocol::SocketKind::admin) sodium_stackzero(16 * 1024);
        watch_for_slow_line();
    }
    reading_ended_ = true;
    line_deadline_.cancel();
    may_write_.cancel();
}

// The first byte of a connection to the client socket tells its language: no JSON begins a request with a
// letter.
bool Session::begins_as_http(char first_byte) const {
    const bool letter = (first_byte >= 'A' && first_byte <= 'Z') || (first_byte >= 'a' && first_byte <= 'z');
    return kind_ == protocol::SocketKind::client && letter;
}

awaitable<void> Session::speak_http(std::string begun) {
    const auto stream = std::make_shared<net::SocketStream<Socket>>(socket_);
    const auto answer = [this](HttpRequest request, std::function<bool()> is_gone) {
        const HttpGuest guest{peer_, caller_, draining_, Door::unix_socket, std::move(is_gone)};
        return answer_http(backend_, std::move(request), guest);
    };
    ++running_;  // so that the writer does not take the session for finished
    std::exception_ptr bug;
    try {
        co_await converse(
            stream,
            std::move(begun),
            answer,
            draining_,
            {patience_.for_a_line, patience_.for_the_read_of_a_reply}
        );
    } catch (...) {
        bug = std::current_exception();
    }
    --running_;
    if (bug) std::rethrow_exception(bug);
    boost::system::error_code gone;
    socket_.shutdown(Socket::shutdown_send, gone);
    co_await discard_rest(Rest::until_closed);
}

// Most clients write their whole line before they read: closing on them at once would cost them the reply
// that says why.
awaitable<void> Session::discard_rest(Rest rest) {
    steady_timer deadline(socket_.get_executor(), patience_.for_a_line);
    deadline.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
        if (const auto self = weak.lock(); self && !cancelled) self->abort();
    });
    std::vector<char> bytes(64 * 1024);
    for (std::size_t discarded = 0; discarded < most_discarded && !reading_ended_;) {
        const auto [error, count] = co_await socket_.async_read_some(boost::asio::buffer(bytes), token);
        const bool ends = std::string_view(bytes.data(), count).contains('\n');
        if (error || (ends && rest == Rest::of_the_line)) break;
        discarded += count;
    }
    sodium_memzero(bytes.data(), bytes.size());  // a passphrase may have been in it
}

awaitable<void> Session::write_replies() {
    while (true) {
        while (outbox_.empty() && !has_finished() && socket_.is_open())
            co_await may_write_.async_wait(token);
        if (outbox_.empty() || !socket_.is_open()) break;
        std::string text = std::exchange(outbox_, {});
        writing_ = true;
        steady_timer deadline(socket_.get_executor(), patience_.for_the_read_of_a_reply);
        deadline.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
            if (!cancelled) self->abort();
        });
        const auto [error, written] =
            co_await boost::asio::async_write(socket_, boost::asio::buffer(text), token);
        deadline.cancel();
        forget(text);
        writing_ = false;
        if (error) break;
        may_read_.cancel();
    }
    abort();
    // A drain must wait for an order on its way, though nobody will read what became of it.
    while (running_ > 0)
        co_await may_write_.async_wait(token);
}

// A line that is begun must be ended: a connection that drips bytes is not kept for ever.
void Session::watch_for_slow_line() {
    if (!buffer_.holds_part_of_a_line()) {
        line_watched_ = false;
        line_deadline_.cancel();
        return;
    }
    if (std::exchange(line_watched_, true)) return;
    line_deadline_.expires_after(patience_.for_a_line);
    line_deadline_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
        // It may have run out in the moment in which it was set anew.
        const bool is_over = self->line_deadline_.expiry() <= steady_timer::clock_type::now();
        if (!cancelled && self->line_watched_ && is_over) self->abort();
    });
}

void Session::serve(std::string_view text) {
    if (text.empty()) return;  // an empty line, as some shells send one, is no request
    const Line line = read_line(text, kind_);
    auto group = std::make_shared<Group>();
    group->batch = line.batch;
    group->open = line.requests.size();
    for (const ReadRequest& request : line.requests)
        group->replies.push_back({request ? request->id : request.error().id, next_call_id(), ""});
    for (std::size_t place = 0; place < line.requests.size(); ++place) {
        const ReadRequest& request = line.requests[place];
        if (request) {
            serve(*request, group, place);
        } else {
            finish(*group, place, "", std::unexpected(request.error().error));
        }
    }
    if (line.close) reading_ended_ = true;
}

void Session::serve(const Request& request, const std::shared_ptr<Group>& group, std::size_t place) {
    const std::string_view method = request.method->name;
    const Context context{
        peer_,
        caller_,
        group->replies[place].call_id,
        kind_,
        backend_.grants.of(peer_, caller_),
        {},
        [weak = weak_from_this()](std::string bot, std::string key) {
            if (const auto self = weak.lock()) self->caller_.become(std::move(bot), std::move(key));
        }
    };
    std::optional<AdminRow> row;
    if (is_audited(*request.method) && !draining_ && !request.id.empty())
        row.emplace(backend_, *request.method, request.arguments, context);
    Handled handled = dispatch(backend_, request, context, draining_);
    if (auto* outcome = std::get_if<protocol::Result<std::string>>(&handled)) {
        note(row, *outcome);
        return finish(*group, place, method, std::move(*outcome));
    }
    ++running_;
    auto done = [self = shared_from_this(), group, place, called = request.method, row = std::move(row)](
                    std::exception_ptr bug, protocol::Result<std::string> outcome
                ) mutable {
        --self->running_;
        self->may_read_.cancel();
        if (bug)
            outcome = std::unexpected(bug_in_work(called->needs_answer, group->replies[place].call_id, bug));
        self->note(row, outcome);
        self->finish(*group, place, called->name, std::move(outcome));
        self->flush();
    };
    boost::asio::co_spawn(socket_.get_executor(), std::move(std::get<Work>(handled)), std::move(done));
}

void Session::note(std::optional<AdminRow>& row, const protocol::Result<std::string>& outcome) {
    if (row) backend_.audit.done(row->finished(backend_), outcome);
}

void Session::finish(
    Group& group, std::size_t place, std::string_view method, protocol::Result<std::string> outcome
) {
    gate::finish(group.replies[place], method, outcome);
    if (outcome) forget(*outcome);
    if (--group.open == 0) send(reply_line(group.batch, std::move(group.replies)));
}

void Session::send(std::string text) {
    if (!text.empty() && socket_.is_open()) {
        outbox_ += text;
        outbox_ += '\n';
    }
    forget(text);
}

// A new bot's secret goes out this way, once.
void Session::forget(std::string& sent) const {
    if (kind_ == protocol::SocketKind::admin) base::wipe(sent);
}

// Nearly always the socket takes all of it at once, so that no coroutine has to be woken for it. What is
// left, and every error, is the writer's.
void Session::flush() {
    if (!writing_ && !outbox_.empty() && socket_.is_open()) {
        boost::system::error_code would_wait;
        const std::size_t written = socket_.write_some(boost::asio::buffer(outbox_), would_wait);
        std::string rest = outbox_.substr(written);
        forget(outbox_);
        outbox_ = std::move(rest);
    }
    if (!outbox_.empty() || reading_ended_) may_write_.cancel();
}

}  // namespace krakken::gate
