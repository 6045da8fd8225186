#pragma once

// HTTP on one connection, whatever carries it: requests are answered one after another, in their order. The
// event loop's thread only.

#include "http_codec.hpp"
#include "net/byte_stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace krakken::gate {

// `is_gone`: whether the client has closed while it waits for the answer; any time until that is there.
using AnswerHttp =
    std::function<boost::asio::awaitable<HttpReply>(HttpRequest request, std::function<bool()> is_gone)>;

struct HttpPatience {
    // That is begun, or is a connection's first: one that drips bytes or says nothing is not kept for ever.
    std::chrono::milliseconds for_a_request;
    std::chrono::milliseconds for_the_read_of_a_reply;
    // To begin, on a connection that is kept; without it as long as it takes.
    std::optional<std::chrono::milliseconds> for_the_next_request = std::nullopt;
};

// `begun`: what was read of the stream already. Returns when the connection is of no further use; `draining`
// is asked after each reply. It and what `answer` needs must outlive the coroutine.
boost::asio::awaitable<void> converse(
    std::shared_ptr<net::ByteStream> stream,
    std::string begun,
    AnswerHttp answer,
    const bool& draining,
    HttpPatience patience
);

}  // namespace krakken::gate
