#include "http_routes.hpp"

#include "dispatch.hpp"
#include "facade.hpp"
#include "gate/summary.hpp"
#include "metrics.hpp"

#include <fmt/format.h>
#include <utility>

namespace krakken::gate {

namespace {

// Each is told of the accounts that it may use.
Counts seen_by(const Backend& backend, const HttpGuest& guest) {
    return [holdings = backend.grants.of(guest.peer, guest.caller)](const base::AccountName& account) {
        return sees(holdings, account);
    };
}

HttpReply ready(const Backend& backend, const HttpGuest& guest) {
    if (guest.draining) return text_reply(503, "krakkend is stopping");
    const bool serves = backend.keeper.state() == keeper::VaultState::unlocked;
    // The summary names accounts, which is nothing for every user of the machine.
    if (guest.door == Door::tcp)
        return text_reply(serves ? 200 : 503, serves ? "krakkend is unlocked" : "krakkend is locked");
    return text_reply(serves ? 200 : 503, summary(backend, seen_by(backend, guest)));
}

// What is not Kraken's, and whether it is served to whoever came by this door.
bool is_own_path(std::string_view path, Door door) {
    if (path == "/livez" || path == "/readyz") return true;
    return door == Door::unix_socket && (path == "/metrics" || path == "/rpc");
}

HttpReply no_such_path(Door door) {
    return text_reply(
        404,
        door == Door::tcp
            ? "krakkend serves /0/public/*, /0/private/*, /livez and /readyz here"
            : "krakkend serves /0/public/*, /0/private/*, /rpc, /livez, /readyz and /metrics here"
    );
}

HttpReply wrong_method(std::string_view method) {
    HttpReply reply = text_reply(405, fmt::format("this path takes {} alone", method));
    reply.headers.emplace_back("Allow", method);
    return reply;
}

awaitable<void> answer_one(Backend& backend, const Request& request, Reply& reply, HttpGuest guest) {
    const Context context{
        guest.peer,
        guest.caller,
        reply.call_id,
        protocol::SocketKind::client,
        backend.grants.of(guest.peer, guest.caller)
    };
    Handled handled = dispatch(backend, request, context, guest.draining);
    Result<std::string> outcome;
    if (auto* work = std::get_if<Work>(&handled)) {
        try {
            outcome = co_await std::move(*work);
        } catch (...) {
            outcome = std::unexpected(
                bug_in_work(request.method->needs_answer, reply.call_id, std::current_exception())
            );
        }
    } else {
        outcome = std::move(std::get<Result<std::string>>(handled));
    }
    finish(reply, request.method->name, outcome);
}

// The same as a line on this socket; the requests of a batch one after another.
awaitable<HttpReply> answer_rpc(Backend& backend, HttpRequest request, HttpGuest guest) {
    const Line line = read_line(request.body, protocol::SocketKind::client);
    std::vector<Reply> replies;
    for (const ReadRequest& each : line.requests) {
        Reply& reply = replies.emplace_back(Reply{each ? each->id : each.error().id, next_call_id(), ""});
        if (each) {
            co_await answer_one(backend, *each, reply, guest);
        } else {
            Result<std::string> refused = std::unexpected(each.error().error);
            finish(reply, "", refused);
        }
    }
    std::string text = reply_line(line.batch, std::move(replies));
    if (text.empty()) co_return HttpReply{.status = 204};
    co_return HttpReply{.body = std::move(text) + "\n"};
}

}  // namespace

awaitable<HttpReply> answer_http(Backend& backend, HttpRequest request, HttpGuest guest) {
    const std::string path(request.path());
    if (is_kraken_path(path)) co_return co_await answer_kraken(backend, std::move(request), guest);
    if (!is_own_path(path, guest.door)) co_return no_such_path(guest.door);
    if (path == "/rpc") {
        if (request.method != "POST") co_return wrong_method("POST");
        if (request.has_header("API-Key"))
            co_return text_reply(400, "a bot's key is for Kraken's own paths; here the user counts");
        co_return co_await answer_rpc(backend, std::move(request), guest);
    }
    if (request.method != "GET") co_return wrong_method("GET");
    if (path == "/livez") co_return text_reply(200, "krakkend runs");
    if (path == "/readyz") co_return ready(backend, guest);
    co_return HttpReply{
        .content_type = "text/plain; version=0.0.4; charset=utf-8",
        .body = metrics(backend, seen_by(backend, guest))
    };
}

}  // namespace krakken::gate
