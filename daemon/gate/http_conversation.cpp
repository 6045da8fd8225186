#include "http_conversation.hpp"

#include <sodium.h>

#include <utility>
#include <vector>

namespace krakken::gate {

using boost::asio::awaitable;
using net::ByteStream;
using std::chrono::steady_clock;
using State = RequestAssembler::State;

namespace {

// A key or a passphrase may come here by mistake; where it was read to, it does not stay.
class ReadSpace {
public:
    ~ReadSpace() { sodium_memzero(bytes_.data(), bytes_.size()); }
    std::span<char> span() { return bytes_; }
    std::string_view first(std::size_t count) const { return {bytes_.data(), count}; }

private:
    std::vector<char> bytes_ = std::vector<char>(16 * 1024);
};

awaitable<bool> write(ByteStream& stream, HttpPatience patience, std::string bytes) {
    const bool written = co_await stream.write(bytes, steady_clock::now() + patience.for_the_read_of_a_reply);
    co_return written;
}

// False: nothing more will come, or no HTTP did, which is answered. `to_begin`: how long it may take until
// some of a request is there.
awaitable<bool> complete(
    ByteStream& stream,
    RequestAssembler& requests,
    HttpPatience patience,
    std::optional<std::chrono::milliseconds> to_begin,
    std::string_view begun
) {
    ReadSpace space;
    State state = requests.feed(begun);
    bool has_begun = false;
    auto deadline = steady_clock::time_point::max();
    if (to_begin) deadline = steady_clock::now() + *to_begin;
    while (state != State::complete) {
        if (state == State::refused) {
            co_await write(stream, patience, write_reply(requests.refusal(), false, false));
            co_return false;
        }
        if (state == State::wants_continue) {
            const bool written = co_await write(stream, patience, "HTTP/1.1 100 Continue\r\n\r\n");
            if (!written) co_return false;
        }
        if (!has_begun && requests.begun()) {
            has_begun = true;
            deadline = steady_clock::now() + patience.for_a_request;
        }
        const std::size_t count = co_await stream.read(space.span(), deadline);
        if (count == 0) co_return false;
        state = requests.feed(space.first(count));
    }
    co_return true;
}

}  // namespace

awaitable<void> converse(
    std::shared_ptr<ByteStream> stream,
    std::string begun,
    AnswerHttp answer,
    const bool& draining,
    HttpPatience patience
) {
    RequestAssembler requests;
    bool goes_on = co_await complete(*stream, requests, patience, patience.for_a_request, begun);
    sodium_memzero(begun.data(), begun.size());
    while (goes_on) {
        HttpRequest request = requests.take();
        const bool wants_to_go_on = request.keep_alive;
        const bool without_body = request.method == "HEAD";
        HttpReply reply = co_await answer(std::move(request), [weak = std::weak_ptr(stream)] {
            const auto open = weak.lock();
            return !open || open->peer_is_gone();
        });
        goes_on = wants_to_go_on && !reply.close && !draining;
        const bool written =
            co_await write(*stream, patience, write_reply(std::move(reply), goes_on, without_body));
        if (!written) co_return;
        if (!goes_on) co_return;
        goes_on = co_await complete(*stream, requests, patience, patience.for_the_next_request, "");
    }
}

}  // namespace krakken::gate
