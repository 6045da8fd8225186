#include "client/client.hpp"

#include <thread>

#include "connection.hpp"
#include "envelope.hpp"
#include "protocol/json_text.hpp"

namespace krakken::client {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

// A daemon whose queue of new connections is full is asked again that often.
constexpr auto connect_patience = 2s;
constexpr auto connect_pause = 10ms;

Deadline deadline_of(Patience patience) {
    if (!patience) return std::nullopt;
    return steady_clock::now() + *patience;
}

FailureKind kind_of(Broken broken) {
    return broken == Broken::late ? FailureKind::late : FailureKind::lost;
}

std::string sentence(Broken broken) {
    switch (broken) {
        case Broken::closed:
            return "the connection to krakkend ended before it answered";
        case Broken::late:
            return "krakkend did not answer in time";
        case Broken::too_long:
            return "krakkend's answer is longer than the protocol allows";
    }
    std::unreachable();
}

}  // namespace

Client::Client(std::vector<std::filesystem::path> sockets) : sockets_(std::move(sockets)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Outcome<Client> Client::connect(std::vector<std::filesystem::path> sockets) {
    Client client(std::move(sockets));
    if (auto failure = client.open()) return std::unexpected(std::move(*failure));
    return client;
}

std::optional<Failure> Client::open() {
    for (const auto end = steady_clock::now() + connect_patience;;) {
        auto connected = connect_any(sockets_);
        if (connected) {
            connection_ = std::make_unique<Connection>(std::move(connected->descriptor));
            sockets_.assign(1, std::move(connected->socket));
            return std::nullopt;
        }
        if (!connected.error().retryable || steady_clock::now() > end) return std::move(connected.error());
        std::this_thread::sleep_for(connect_pause);
    }
}

Outcome<std::string> Client::call(
    std::string_view endpoint, std::string_view params, const CallOptions& options
) {
    return request("call", call_params(endpoint, params, options), patience_of(options));
}

Outcome<std::string> Client::request(std::string_view method, std::string_view params, Patience patience) {
    if (auto refused = refuse_params(method, params)) return std::unexpected(std::move(*refused));
    if (params.find_first_of("\r\n") == std::string_view::npos) return exchange(method, params, patience);
    std::string line(params);
    protocol::make_one_line(line);
    return exchange(method, line, patience);
}

Outcome<std::string> Client::request(std::string_view method, const SecretText& params, Patience patience) {
    return exchange(method, params.view(), patience);
}

Outcome<std::string> Client::exchange(std::string_view method, std::string_view params, Patience patience) {
    const Deadline deadline = deadline_of(patience);
    const std::uint64_t id = ++last_id_;
    const std::string head = request_head(id, method);
    std::size_t sent = 0;
    std::expected<void, Broken> sending = std::unexpected(Broken::closed);
    if (connection_) sending = connection_->send({head, params, request_tail}, deadline, sent);
    // A connection that was closed while idle has taken nothing: so this is the first time, not the second.
    if (!sending && sending.error() == Broken::closed && sent == 0) {
        if (auto failure = open()) {
            connection_.reset();
            return std::unexpected(std::move(*failure));
        }
        sending = connection_->send({head, params, request_tail}, deadline, sent);
    }
    if (!sending) {
        connection_.reset();
        // The line feed comes last: a daemon that has not seen it has not read a request.
        return std::unexpected(make_failure(
            kind_of(sending.error()),
            sentence(sending.error()) + "; the request was not sent as a whole, so nothing was done",
            "try it again"
        ));
    }
    return await_reply(id, method, params, patience);
}

Outcome<std::string> Client::await_reply(
    std::uint64_t id, std::string_view method, std::string_view params, Patience patience
) {
    const Deadline deadline = deadline_of(patience);
    for (;;) {
        const auto line = connection_->receive_line(deadline);
        if (!line) {
            connection_.reset();
            return std::unexpected(
                unanswered(kind_of(line.error()), sentence(line.error()), acts(method, params))
            );
        }
        auto reply = read_reply(*line);
        // Each connection has one request at a time: an answer to another one breaks the protocol, one
        // without an id is ours.
        if (!reply || (reply->id && *reply->id != id)) {
            connection_.reset();
            return std::unexpected(unanswered(
                FailureKind::lost,
                "what answers at " + socket().string() + " does not speak krakkend's protocol",
                acts(method, params)
            ));
        }
        if (!reply->result) return std::unexpected(std::move(reply->result.error()));
        return std::string(*reply->result);
    }
}

}  // namespace krakken::client
