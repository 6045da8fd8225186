#include "http_conversation.hpp"

#include <vector>

namespace krakken::gate {

using boost::asio::awaitable;
using std::chrono::steady_clock;
using State = RequestAssembler::State;

namespace {

// A request that is begun must be ended: a connection that drips bytes is not kept for ever.
constexpr std::chrono::seconds for_a_request{30};
constexpr std::chrono::seconds for_the_read_of_a_reply{60};

awaitable<bool> write(ByteStream& stream, std::string bytes) {
    const bool written = co_await stream.write(bytes, steady_clock::now() + for_the_read_of_a_reply);
    co_return written;
}

// False: nothing more will come, or no HTTP did, which is answered.
awaitable<bool> complete(ByteStream& stream, RequestAssembler& requests, std::string_view begun) {
    std::vector<char> space(16 * 1024);
    State state = requests.feed(begun);
    auto deadline = steady_clock::time_point::max();
    while (state != State::complete) {
        if (state == State::refused) {
            co_await write(stream, write_reply(requests.refusal(), false, false));
            co_return false;
        }
        if (state == State::wants_continue) {
            const bool written = co_await write(stream, "HTTP/1.1 100 Continue\r\n\r\n");
            if (!written) co_return false;
        }
        if (requests.begun() && deadline == steady_clock::time_point::max())
            deadline = steady_clock::now() + for_a_request;
        const std::size_t count = co_await stream.read(space, deadline);
        if (count == 0) co_return false;
        state = requests.feed({space.data(), count});
    }
    co_return true;
}

}  // namespace

awaitable<void> converse(
    std::shared_ptr<ByteStream> stream, std::string begun, AnswerHttp answer, const bool& draining
) {
    RequestAssembler requests;
    bool goes_on = co_await complete(*stream, requests, begun);
    while (goes_on) {
        HttpRequest request = requests.take();
        const bool wants_to_go_on = request.keep_alive;
        const bool without_body = request.method == "HEAD";
        const HttpReply reply = co_await answer(std::move(request));
        goes_on = wants_to_go_on && !reply.close && !draining;
        const bool written = co_await write(*stream, write_reply(reply, goes_on, without_body));
        if (!written) co_return;
        if (goes_on) goes_on = co_await complete(*stream, requests, "");
    }
}

}  // namespace krakken::gate
