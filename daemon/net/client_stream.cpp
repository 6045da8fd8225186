#include "net/client_stream.hpp"

#include "client_stream_on.hpp"

namespace krakken::net {

using boost::asio::awaitable;
using boost::asio::ip::tcp;

namespace {

class PlainStream final : public ClientStreamOn<tcp::socket> {
public:
    explicit PlainStream(tcp::socket socket) : ClientStreamOn(std::move(socket)) {}

    awaitable<std::expected<void, std::string>> begin(Deadline) override {
        co_return std::expected<void, std::string>();
    }

    awaitable<void> end(Deadline deadline) override { return end_socket(deadline); }

private:
    tcp::socket& socket() override { return stream_; }
};

}  // namespace

std::shared_ptr<ClientStream> make_plain_stream(tcp::socket socket) {
    return std::make_shared<PlainStream>(std::move(socket));
}

}  // namespace krakken::net
