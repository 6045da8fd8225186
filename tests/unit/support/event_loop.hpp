#pragma once

// An event loop that a test runs until nothing is left to do, and the coroutines on it.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace krakken::test {

class EventLoop {
public:
    boost::asio::io_context context{1};

    // What a coroutine returned, once it has.
    template <class T>
    using Later = std::shared_ptr<std::optional<T>>;

    template <class T>
    Later<T> start(boost::asio::awaitable<T> work) {
        auto result = std::make_shared<std::optional<T>>();
        boost::asio::co_spawn(context, keep(std::move(work), result), rethrow);
        return result;
    }

    // Until everything waits for the test, or is done.
    void poll() {
        context.restart();
        context.poll();
    }

    // Until there is no work left at all.
    void run() {
        context.restart();
        context.run();
    }

    template <class T>
    T run(boost::asio::awaitable<T> work) {
        const auto result = start(std::move(work));
        run();
        if (!*result) throw std::logic_error("the coroutine never ended");
        return std::move(**result);
    }

private:
    static void rethrow(std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
    }

    template <class T>
    static boost::asio::awaitable<void> keep(boost::asio::awaitable<T> work, Later<T> result) {
        T value = co_await std::move(work);
        result->emplace(std::move(value));
    }
};

}  // namespace krakken::test
