#include "kraken/api.hpp"

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <utility>

namespace krakken::kraken {

using std::chrono::steady_clock;

namespace {

constexpr unsigned too_many_requests = 429;

// The result of `Time`: {"unixtime":1616336594,"rfc1123":"..."}.
std::optional<std::chrono::sys_seconds> told_time(std::string_view result) {
    const auto members = protocol::split_object(result, protocol::max_reply_depth);
    if (!members) return std::nullopt;
    const auto* member = protocol::find(*members, "unixtime");
    if (!member) return std::nullopt;
    const char* const end = member->value.data() + member->value.size();
    std::int64_t seconds = 0;
    const auto [stopped, problem] = std::from_chars(member->value.data(), end, seconds);
    if (problem != std::errc() || stopped != end) return std::nullopt;
    return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

}  // namespace

awaitable<Attempt> Api::call_public(
    const protocol::Endpoint& endpoint, std::string query, steady_clock::time_point deadline
) {
    net::Request request;
    request.method = "GET";
    request.target = protocol::path_of(endpoint) + query;
    Attempt attempt = co_await send(endpoint, std::move(request), deadline);
    co_return attempt;
}

awaitable<Attempt> Api::call_private(
    const protocol::Endpoint& endpoint, SignedCall call, steady_clock::time_point deadline
) {
    net::Request request;
    request.method = "POST";
    request.target = protocol::path_of(endpoint);
    // One by one, since a list of initial values would be copied, the API key too.
    request.headers.emplace_back("API-Key", std::move(call.api_key));
    request.headers.emplace_back("API-Sign", std::move(call.signature));
    request.headers.emplace_back(
        "Content-Type",
        call.form == base::BodyForm::json ? "application/json" : "application/x-www-form-urlencoded"
    );
    request.body = std::move(call.body);
    request.give_up = call.give_up;
    request.on_written = std::move(call.on_written);
    Attempt attempt = co_await send(endpoint, std::move(request), deadline);
    co_return attempt;
}

awaitable<bool> Api::ask_time(ServerClock& clock) {
    const auto before = clock.elapsed();
    const Attempt attempt = co_await call_public(
        *protocol::find_endpoint("Time"), "", steady_clock::now() + std::chrono::seconds(10)
    );
    const auto after = clock.elapsed();
    if (attempt.end != Attempt::End::answered || !attempt.answer.errors.empty()) co_return false;
    const auto time = told_time(attempt.answer.result);
    if (time) clock.observe(*time, before, after);
    co_return time.has_value();
}

void Api::stop() {
    stopping_ = true;
    for (auto* timer : pauses_)
        timer->cancel();
}

awaitable<bool> Api::pause(std::chrono::microseconds time) {
    if (stopping_) co_return false;
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, time);
    const auto place = pauses_.insert(pauses_.end(), &timer);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    pauses_.erase(place);
    co_return !stopping_;
}

awaitable<Attempt> Api::send(
    const protocol::Endpoint& endpoint, net::Request request, steady_clock::time_point deadline
) {
    const auto bounded = std::min(deadline, steady_clock::now() + request_timeout_);
    auto reply = co_await upstream_.exchange(std::move(request), bounded);
    Attempt attempt;
    attempt.given_up = !reply && reply.error().kind == net::FailureKind::given_up;
    if (!attempt.given_up) state_ = reply ? "reachable" : "unreachable";
    if (!reply) {
        const net::Failure& failure = reply.error();
        attempt.end = failure.sent ? Attempt::End::lost : Attempt::End::not_sent;
        attempt.too_late = steady_clock::now() >= deadline;
        attempt.detail = failure.detail;
        co_return attempt;
    }
    // Elsewhere a file's type is a proxy's, and would make a placed order of its bytes.
    if (!endpoint.answers_file) reply->content_type.clear();
    auto answer = read_reply(reply->status, reply->content_type, std::move(reply->body));
    if (answer) {
        attempt.end = Attempt::End::answered;
        attempt.answer = std::move(*answer);
    } else {
        attempt.end = Attempt::End::lost;
        attempt.detail = std::move(answer.error());
        attempt.too_many = reply->status == too_many_requests;
    }
    co_return attempt;
}

}  // namespace krakken::kraken
