#pragma once

// Equal reads that are made at the same time are one call at Kraken: who comes later waits for the answer of
// the one under way. Equal: the same endpoint and the same text of every parameter. The event loop's thread
// only.
//
// A read that was sent before a call that acts had completed may not show what that call has done, so nobody
// who comes after it joins such a one.

#include "account/calls.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace krakken::account {

class SharedReads {
public:
    // One read under way, and who waits for it.
    class Flight {
    public:
        explicit Flight(std::chrono::steady_clock::time_point deadline) : deadline_(deadline) {}

    private:
        friend class SharedReads;
        void wake();

        std::chrono::steady_clock::time_point deadline_;  // of who makes it
        std::optional<std::uint64_t> acts_before_ = {};   // when it was last sent; empty: not yet
        bool ended_ = false;
        std::optional<Result<std::string>> outcome_ = {};
        std::list<boost::asio::steady_timer> waiting_;
    };
    // Makes the read, with its own deadline, and says sent() whenever a request of it goes out.
    using Make = std::function<awaitable<Result<std::string>>(const Call& call, Flight& flight)>;

    explicit SharedReads(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    // The result or the error of this call or of an equal one. Each caller waits as long as it said itself:
    // if the other one's time runs out first, the read goes on as this caller's.
    awaitable<Result<std::string>> read(Call call, Make make);

    void sent(Flight& flight);
    // A call that acts has completed.
    void acted() { ++acts_; }

private:
    class Leading;

    std::shared_ptr<Flight> joinable(const std::string& question) const;
    awaitable<std::optional<Result<std::string>>> follow(std::shared_ptr<Flight> flight, Call& call);
    awaitable<Result<std::string>> lead(const std::string& question, const Call& call, const Make& make);

    boost::asio::any_io_executor executor_;
    std::map<std::string, std::shared_ptr<Flight>> flights_;
    std::uint64_t acts_ = 0;
};

}  // namespace krakken::account
