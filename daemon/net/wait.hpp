#pragma once

// A wait that is ended by a slot of its own or, where that is not connected, with its coroutine.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <tuple>

namespace krakken::net {

// A wait leaves in its slot what would end it, and that is about a timer which may not live as long as the
// slot: so whoever waits takes it back, however the wait ends.
class SlotInUse {
public:
    explicit SlotInUse(boost::asio::cancellation_slot slot) : slot_(slot) {}
    SlotInUse(const SlotInUse&) = delete;
    SlotInUse& operator=(const SlotInUse&) = delete;
    ~SlotInUse() { slot_.clear(); }

private:
    boost::asio::cancellation_slot slot_;
};

inline boost::asio::awaitable<std::tuple<boost::system::error_code>> wait(
    boost::asio::steady_timer& timer, boost::asio::cancellation_slot slot
) {
    constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);
    if (slot.is_connected()) return timer.async_wait(boost::asio::bind_cancellation_slot(slot, as_result));
    return timer.async_wait(as_result);
}

}  // namespace krakken::net
