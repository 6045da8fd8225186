#include "name_lookup.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <utility>

namespace krakken::net {

namespace asio = boost::asio;

namespace {
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
}

struct NameLookup::Query {
    void answer(boost::system::error_code failure, const tcp::resolver::results_type& results) {
        done = true;
        error = failure;
        for (const auto& result : results) {
            addresses.push_back(result.endpoint());
        }
        for (auto& waiter : waiters) {
            waiter.cancel();
        }
    }

    bool done = false;
    boost::system::error_code error;
    Addresses addresses;
    std::list<asio::steady_timer> waiters;
};

NameLookup::NameLookup(asio::any_io_executor executor, Endpoint endpoint)
    : endpoint_(std::move(endpoint)), resolver_(std::move(executor)) {}

NameLookup::~NameLookup() = default;

std::shared_ptr<NameLookup::Query> NameLookup::begin_query() {
    if (auto under_way = query_.lock()) return under_way;
    auto query = std::make_shared<Query>();
    query_ = query;
    resolver_.async_resolve(
        endpoint_.host,
        endpoint_.port,
        tcp::resolver::numeric_service | tcp::resolver::address_configured,
        [query](boost::system::error_code error, const tcp::resolver::results_type& results) {
            query->answer(error, results);
        }
    );
    return query;
}

awaitable<std::expected<Addresses, std::string>> NameLookup::find(
    std::chrono::steady_clock::time_point deadline
) {
    if (endpoint_.is_address) {
        const auto port = static_cast<std::uint16_t>(std::stoul(endpoint_.port));
        co_return Addresses{tcp::endpoint(asio::ip::make_address(endpoint_.host), port)};
    }
    const std::shared_ptr<Query> query = begin_query();
    const auto waiter = query->waiters.emplace(query->waiters.end(), resolver_.get_executor(), deadline);
    co_await waiter->async_wait(as_result);
    query->waiters.erase(waiter);
    if (!query->done) co_return std::unexpected("timed out");
    if (query->error) co_return std::unexpected(query->error.message());
    co_return by_turns(query->addresses);
}

Addresses by_turns(const Addresses& addresses) {
    Addresses first;
    Addresses second;
    for (const auto& address : addresses) {
        const bool of_first_kind = address.address().is_v6() == addresses.front().address().is_v6();
        (of_first_kind ? first : second).push_back(address);
    }
    Addresses mixed;
    for (std::size_t index = 0; index < std::max(first.size(), second.size()); ++index) {
        if (index < first.size()) mixed.push_back(first[index]);
        if (index < second.size()) mixed.push_back(second[index]);
    }
    return mixed;
}

}  // namespace krakken::net
