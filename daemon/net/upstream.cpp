#include "upstream.hpp"

#include "base/protected_memory.hpp"
#include "http_codec.hpp"
#include "pool.hpp"

#include <utility>

namespace krakken::net {

namespace {

class PooledUpstream final : public Upstream {
public:
    PooledUpstream(boost::asio::any_io_executor executor, UpstreamSettings settings)
        : pool_(std::make_shared<Pool>(std::move(executor), settings)),
          user_agent_(std::move(settings.user_agent)) {}

    ~PooledUpstream() override { pool_->close(); }

    awaitable<std::expected<Reply, Failure>> exchange(Request request, TimePoint deadline) override {
        std::string bytes = write_request(request, pool_->endpoint().authority, user_agent_);
        // API key and one-time password are not left behind in freed memory.
        for (auto& [name, value] : request.headers)
            base::wipe(value);
        base::wipe(request.body);
        auto lease = co_await pool_->take(deadline, request.give_up);
        if (!lease) {
            base::wipe(bytes);
            co_return std::unexpected(std::move(lease.error()));
        }
        auto outcome = co_await (**lease).exchange(
            std::move(bytes), deadline, request.give_up, std::move(request.on_written)
        );
        co_return outcome;
    }

    void keep_warm(std::size_t count) override { pool_->keep_warm(count); }
    void close() override { pool_->close(); }

private:
    std::shared_ptr<Pool> pool_;
    std::string user_agent_;
};

}  // namespace

std::unique_ptr<Upstream> make_upstream(boost::asio::any_io_executor executor, UpstreamSettings settings) {
    return std::make_unique<PooledUpstream>(std::move(executor), std::move(settings));
}

}  // namespace krakken::net
