#include "state_store.hpp"

#include "schema.hpp"
#include "writer.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

namespace krakken::state {

namespace {

namespace asio = boost::asio;

template <class Value>
using Work = std::function<Value(NonceMarks&)>;

// A job whose result resumes a coroutine of the event loop.
template <class Value>
class Task final : public Job {
public:
    using Handler = std::move_only_function<void(Result<Value>)>;

    Task(asio::any_io_executor executor, Work<Value> work, Handler handler)
        : executor_(executor),
          loop_(std::move(executor)),
          work_(std::move(work)),
          handler_(std::move(handler)) {}

    void run(NonceMarks& marks) override {
        if constexpr (std::same_as<Value, void>) {
            work_(marks);
        } else {
            result_ = work_(marks);
        }
    }

    void complete(const std::optional<protocol::Error>& error) override {
        if (error) result_ = std::unexpected(*error);
        asio::post(executor_, [handler = std::move(handler_), result = std::move(result_)]() mutable {
            handler(std::move(result));
        });
    }

private:
    asio::any_io_executor executor_;
    asio::executor_work_guard<asio::any_io_executor> loop_;  // the loop must not end while a result is due
    Work<Value> work_;
    Handler handler_;
    Result<Value> result_;
};

class SqliteStateStore final : public StateStore {
public:
    SqliteStateStore(asio::any_io_executor executor, Database database, std::string folder)
        : executor_(std::move(executor)), writer_(std::move(database), std::move(folder)) {}

    awaitable<Result<std::optional<NonceMark>>> nonce_mark(base::KeyId key) override {
        return perform<std::optional<NonceMark>>([key](NonceMarks& marks) { return marks.find(key); });
    }

    awaitable<Result<void>> save_nonce_mark(base::KeyId key, NonceMark mark) override {
        if (mark.bound.value() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
            co_return protocol::fail(protocol::ErrorCode::internal, "a nonce bound is above 2^63 - 1");
        }
        auto result = co_await perform<void>([key, mark](NonceMarks& marks) { marks.raise(key, mark); });
        co_return result;
    }

    bool failed() const override { return writer_.failed(); }

private:
    // Not cancellable: the write goes on anyway, and its result is what counts.
    template <class Value>
    awaitable<Result<Value>> perform(Work<Value> work) {
        auto start = [this](auto handler, Work<Value> job) {
            writer_.submit(std::make_unique<Task<Value>>(executor_, std::move(job), std::move(handler)));
        };
        auto result = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<Value>)>(
            start, asio::use_awaitable, std::move(work)
        );
        co_return result;
    }

    asio::any_io_executor executor_;
    Writer writer_;
};

}  // namespace

Result<std::unique_ptr<StateStore>> open_state_store(
    asio::any_io_executor executor, std::filesystem::path folder
) {
    Result<Database> database = open_database(folder);
    if (!database) return std::unexpected(std::move(database.error()));
    return std::make_unique<SqliteStateStore>(std::move(executor), std::move(*database), folder.string());
}

}  // namespace krakken::state
