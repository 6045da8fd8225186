#pragma once

// The connections to one host: handed out newest first, given back, dropped when old or dead, opened for
// waiting calls and kept warm. Decisions are pool_plan's; this does them.

#include "connection.hpp"
#include "endpoint.hpp"
#include "name_lookup.hpp"
#include "pool_plan.hpp"
#include "tls.hpp"
#include "upstream.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <exception>
#include <expected>
#include <list>
#include <memory>
#include <optional>
#include <utility>

namespace krakken::net {

class Pool : public std::enable_shared_from_this<Pool> {
public:
    // A connection for one exchange; goes back by itself.
    class Lease {
    public:
        Lease() = default;
        Lease(std::shared_ptr<Pool> pool, std::shared_ptr<Connection> connection)
            : pool_(std::move(pool)), connection_(std::move(connection)) {}
        Lease(Lease&&) noexcept = default;
        Lease& operator=(Lease&& other) noexcept {
            std::swap(pool_, other.pool_);
            std::swap(connection_, other.connection_);
            return *this;
        }
        ~Lease() {
            if (connection_) pool_->give_back(std::move(connection_));
        }

        Connection& operator*() const { return *connection_; }

    private:
        std::shared_ptr<Pool> pool_;
        std::shared_ptr<Connection> connection_;
    };

    // Throws std::runtime_error as make_upstream does.
    Pool(boost::asio::any_io_executor executor, const UpstreamSettings& settings);

    const Endpoint& endpoint() const { return endpoint_; }

    // An open connection, by `deadline`; calls are served in the order they came. Failures have not `sent`.
    awaitable<std::expected<Lease, Failure>> take(TimePoint deadline, boost::asio::cancellation_slot give_up);
    void keep_warm(std::size_t count);
    void close();

private:
    using Opened = std::expected<std::shared_ptr<Connection>, Failure>;

    struct Idle {
        std::shared_ptr<Connection> connection;
        TimePoint since;
    };
    // A call in the queue; leaves it by itself.
    struct Waiter {
        boost::asio::steady_timer wake;
        std::optional<std::expected<Lease, Failure>> answer;
    };

    std::shared_ptr<Connection> newest_usable();
    void give_back(std::shared_ptr<Connection> connection);
    void hand_out(std::shared_ptr<Connection> connection);
    void fail_first_waiter(Failure failure);
    void on_lost(const Connection& connection);
    void drop(std::shared_ptr<Connection> connection);

    // Looks at everything and does what the plan says.
    void work();
    PoolState state() const;
    void look_again(std::optional<TimePoint> when);
    void dial();
    void on_dialed(std::exception_ptr error, Opened opened);
    static awaitable<Opened> open(std::shared_ptr<Pool> pool, TimePoint deadline);
    awaitable<std::expected<std::shared_ptr<TlsStream>, std::string>> secure(
        tcp::socket socket, TimePoint deadline
    );

    boost::asio::any_io_executor executor_;
    UpstreamSettings settings_;
    Endpoint endpoint_;
    TlsClient tls_;
    NameLookup names_;
    boost::asio::steady_timer look_;
    std::deque<Idle> idle_;  // oldest first
    std::list<Waiter*> waiting_;
    std::list<std::shared_ptr<boost::asio::cancellation_signal>> dials_;  // under way
    std::size_t busy_ = 0;
    std::size_t warm_ = 0;
    unsigned failures_ = 0;  // of opening, in a row
    TimePoint last_call_;
    TimePoint retry_at_;
    bool closed_ = false;
};

}  // namespace krakken::net
