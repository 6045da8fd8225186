#pragma once

// A client of krakkend for programs that run on Asio: many requests at once over one connection, matched by
// their ids.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "client/call_options.hpp"
#include "client/client.hpp"
#include "client/failure.hpp"
#include "client/locate.hpp"

namespace krakken::client {

// Used from one executor that runs one handler at a time (an io_context with one thread, or a strand).
// Secrets go through Client, which wipes what it sends.
class AsyncClient {
public:
    // Requests beyond this many without an answer are refused unsent: a caller that is never answered must
    // not fill the memory.
    static constexpr std::size_t max_in_flight = 256;

    explicit AsyncClient(
        boost::asio::any_io_executor executor,
        std::vector<std::filesystem::path> sockets = find_sockets(protocol::SocketKind::client)
    );
    // Ends what is in flight, as close() does.
    ~AsyncClient();
    AsyncClient(const AsyncClient&) = delete;
    AsyncClient& operator=(const AsyncClient&) = delete;

    // As Client's. The connection is opened by the first request, and anew after it was lost. Cancelling the
    // awaiting coroutine ends the wait: a request that has not begun to leave is taken back (`unsent`), one
    // that has is `late`, and what it does is done.
    boost::asio::awaitable<Outcome<std::string>> call(
        std::string endpoint, std::string params = {}, CallOptions options = {}
    );
    boost::asio::awaitable<Outcome<std::string>> request(
        std::string method, std::string params = "{}", Patience patience = default_patience
    );

    // Ends the connection; every request in flight fails as `lost` or `unsent`.
    void close();

private:
    class Link;
    std::shared_ptr<Link> link_;
};

}  // namespace krakken::client
