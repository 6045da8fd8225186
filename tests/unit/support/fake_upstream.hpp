#pragma once

// Kraken without a network: answers as the test says and keeps every request in the order it came.

#include "net/upstream.hpp"
#include "support/barrier.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::test {

class FakeUpstream final : public net::Upstream {
public:
    using Outcome = std::expected<net::Reply, net::Failure>;

    explicit FakeUpstream(boost::asio::any_io_executor executor) : held(std::move(executor)) {}

    boost::asio::awaitable<Outcome> exchange(
        net::Request request, std::chrono::steady_clock::time_point deadline
    ) override;
    void keep_warm(std::size_t count) override { warm = count; }
    void close() override { closed = true; }

    // The next answers, in order; behind them `otherwise` answers.
    void then(Outcome outcome) { script_.push_back(std::move(outcome)); }
    std::function<Outcome(const net::Request&)> otherwise;

    // The nonces of the private requests so far, in the order in which they arrived.
    std::vector<std::uint64_t> nonces() const;
    std::vector<std::string> targets() const;

    std::vector<net::Request> requests;
    std::vector<std::chrono::steady_clock::time_point> deadlines;
    std::size_t warm = 0;
    bool closed = false;
    bool writes = true;  // else no request gets further than to wait for a connection
    Barrier held;
    std::function<bool(const net::Request&)> is_held;  // none: every request is

private:
    std::deque<Outcome> script_;
};

// A reply of Kraken's with these errors and this result (none when empty).
FakeUpstream::Outcome answer(std::string_view result, std::vector<std::string> errors = {});
FakeUpstream::Outcome refusal(std::string error);
FakeUpstream::Outcome lost();      // given to the network, and nothing came back
FakeUpstream::Outcome not_sent();  // no connection

}  // namespace krakken::test
