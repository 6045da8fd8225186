#pragma once

// A host's addresses. One query at a time, shared by everybody who asks meanwhile: the system's resolver
// blocks a thread and cannot be interrupted, so a query that hangs must not gather others behind it.

#include "endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace krakken::net {

using boost::asio::awaitable;
using boost::asio::ip::tcp;

using Addresses = std::vector<tcp::endpoint>;

class NameLookup {
public:
    NameLookup(boost::asio::any_io_executor executor, Endpoint endpoint);
    ~NameLookup();

    // In the order to try, address families taking turns. The error is the system's text; "timed out" at
    // `deadline`. Nothing is kept: a changed address is seen by the next query.
    awaitable<std::expected<Addresses, std::string>> find(std::chrono::steady_clock::time_point deadline);

private:
    struct Query;

    std::shared_ptr<Query> begin_query();

    Endpoint endpoint_;
    tcp::resolver resolver_;
    std::weak_ptr<Query> query_;  // the one under way
};

// IPv6 and IPv4 by turns, each kind in the order given (RFC 8305).
Addresses by_turns(const Addresses& addresses);

}  // namespace krakken::net
