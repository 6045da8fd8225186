#include "with_upstream.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <stdexcept>
#include <utility>

namespace krakken::net::test {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

UpstreamSettings WithUpstream::settings(const std::string& url, const Authority& authority) {
    UpstreamSettings settings;
    settings.base_url = url;
    settings.ca_file = authority.file();
    settings.user_agent = "test";
    return settings;
}

WithUpstream::WithUpstream(UpstreamSettings settings)
    : upstream_(make_upstream(context_.get_executor(), std::move(settings))) {}

WithUpstream::~WithUpstream() = default;

Outcome WithUpstream::exchange(std::chrono::milliseconds timeout, Request request) {
    const auto outcome = start(timeout, std::move(request));
    run_until([&] { return outcome->has_value(); });
    return std::move(**outcome);
}

std::shared_ptr<std::optional<Outcome>> WithUpstream::start(
    std::chrono::milliseconds timeout, Request request, asio::cancellation_signal* cancel
) {
    auto outcome = std::make_shared<std::optional<Outcome>>();
    auto on_end = [outcome](std::exception_ptr error, Outcome result) {
        if (error) std::rethrow_exception(error);
        *outcome = std::move(result);
    };
    auto work = upstream_->exchange(std::move(request), Clock::now() + timeout);
    if (cancel != nullptr) {
        asio::co_spawn(context_, std::move(work), asio::bind_cancellation_slot(cancel->slot(), on_end));
    } else {
        asio::co_spawn(context_, std::move(work), on_end);
    }
    return outcome;
}

void WithUpstream::run_until(const std::function<bool()>& condition) {
    const auto end = Clock::now() + patience;
    while (!condition()) {
        if (Clock::now() >= end) throw std::runtime_error("waited in vain");
        context_.restart();
        context_.run_one_for(std::chrono::milliseconds(10));
    }
}

void WithUpstream::run_out() {
    context_.restart();
    context_.run_for(patience);
    if (!context_.stopped()) throw std::runtime_error("the loop still has work");
}

Request WithUpstream::get() {
    Request request;
    request.method = "GET";
    request.target = "/0/public/Time";
    return request;
}

Request WithUpstream::post(std::string body) {
    Request request;
    request.method = "POST";
    request.target = "/0/private/Balance";
    request.body = std::move(body);
    return request;
}

}  // namespace krakken::net::test
