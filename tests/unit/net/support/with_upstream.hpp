#pragma once

// An Upstream with the loop it runs on, for tests that are not coroutines.

#include "net/upstream.hpp"
#include "test_server.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace krakken::net::test {

using Outcome = std::expected<Reply, Failure>;

inline constexpr std::chrono::seconds patience{20};  // never reached unless something hangs

class WithUpstream {
public:
    // Settings for `url`, trusting `authority`.
    static UpstreamSettings settings(const std::string& url, const Authority& authority);

    explicit WithUpstream(UpstreamSettings settings);
    ~WithUpstream();

    Upstream& upstream() { return *upstream_; }
    boost::asio::io_context& context() { return context_; }

    // One exchange, from its start to its end.
    Outcome exchange(std::chrono::milliseconds timeout = patience, Request request = get());
    // Starts one; its outcome is put into the optional.
    std::shared_ptr<std::optional<Outcome>> start(
        std::chrono::milliseconds timeout = patience,
        Request request = get(),
        boost::asio::cancellation_signal* cancel = nullptr
    );
    // Runs the loop until the condition holds; throws when that takes too long.
    void run_until(const std::function<bool()>& condition);
    // Runs until nothing is left to do; throws when that takes too long.
    void run_out();

    static Request get();
    static Request post(std::string body);

private:
    boost::asio::io_context context_{1};
    std::unique_ptr<Upstream> upstream_;
};

}  // namespace krakken::net::test
