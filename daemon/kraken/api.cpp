#include "kraken/api.hpp"

#include <algorithm>
#include <utility>

namespace krakken::kraken {

using std::chrono::steady_clock;

awaitable<Attempt> Api::call_public(
    const protocol::Endpoint& endpoint, std::string query, steady_clock::time_point deadline
) {
    net::Request request;
    request.method = "GET";
    request.target = protocol::path_of(endpoint) + query;
    Attempt attempt = co_await send(std::move(request), deadline);
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
    Attempt attempt = co_await send(std::move(request), deadline);
    co_return attempt;
}

awaitable<Attempt> Api::send(net::Request request, steady_clock::time_point deadline) {
    // Elsewhere a file's type is a proxy's, and would make a placed order of its bytes.
    const bool may_be_file = request.target.ends_with("/RetrieveExport");
    const auto bounded = std::min(deadline, steady_clock::now() + request_timeout_);
    auto reply = co_await upstream_.exchange(std::move(request), bounded);
    state_ = reply ? "reachable" : "unreachable";
    Attempt attempt;
    if (!reply) {
        const net::Failure& failure = reply.error();
        attempt.end = failure.sent ? Attempt::End::lost : Attempt::End::not_sent;
        attempt.too_late = steady_clock::now() >= deadline;
        attempt.detail = failure.detail;
        co_return attempt;
    }
    auto answer = read_reply(reply->status, may_be_file ? reply->content_type : "", std::move(reply->body));
    if (answer) {
        attempt.end = Attempt::End::answered;
        attempt.answer = std::move(*answer);
    } else {
        attempt.end = Attempt::End::lost;
        attempt.detail = std::move(answer.error());
    }
    co_return attempt;
}

}  // namespace krakken::kraken
