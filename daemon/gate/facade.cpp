#include "facade.hpp"

#include "base/log.hpp"
#include "calling.hpp"
#include "dispatch.hpp"
#include "facade_answer.hpp"
#include "gate/request.hpp"
#include "protocol/endpoints.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <optional>
#include <utility>

namespace krakken::gate {

using base::BodyForm;
using base::log;
using base::LogLevel;
using protocol::EndpointKind;
using protocol::Error;
using protocol::ErrorCode;

namespace {

constexpr std::string_view public_prefix = "/0/public/";
constexpr std::string_view private_prefix = "/0/private/";

// Of JSON-RPC's calls, too. Libraries give up after 10 to 30 s.
constexpr std::chrono::seconds timeout{30};

const protocol::Endpoint* endpoint_at(std::string_view path) {
    const bool is_private = path.starts_with(private_prefix);
    if (!is_private && !path.starts_with(public_prefix)) return nullptr;
    const protocol::Endpoint* endpoint =
        protocol::find_endpoint(path.substr(is_private ? private_prefix.size() : public_prefix.size()));
    const auto kind = is_private ? EndpointKind::private_ : EndpointKind::public_;
    return endpoint && endpoint->kind == kind ? endpoint : nullptr;
}

// Empty: neither of the two that Kraken takes.
std::optional<BodyForm> form_of(const HttpRequest& request) {
    if (!request.has_header("Content-Type")) return BodyForm::form;
    std::string_view type = request.header("Content-Type").value_or("");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' '))
        type.remove_suffix(1);
    if (boost::algorithm::iequals(type, "application/json")) return BodyForm::json;
    if (boost::algorithm::iequals(type, "application/x-www-form-urlencoded")) return BodyForm::form;
    return std::nullopt;
}

Result<kraken::Parameters> parameters_of(
    const HttpRequest& request, const protocol::Endpoint& endpoint, Door door
) {
    if (endpoint.kind == EndpointKind::public_) return kraken::Parameters::of_query(request.query());
    if (door == Door::tcp && !request.has_header("API-Key"))
        return protocol::fail(ErrorCode::auth, "over TCP a private call needs a bot's key");
    if (request.target.contains('?'))
        return protocol::fail(ErrorCode::invalid_params, "a private call has no query");
    const auto form = form_of(request);
    if (!form) return protocol::fail(ErrorCode::invalid_params, "the body is neither a form nor JSON");
    return kraken::Parameters::of_body(request.body, *form);
}

bool is_signed(const HttpRequest& request, const protocol::Endpoint& endpoint) {
    return endpoint.kind == EndpointKind::private_ && request.has_header("API-Key");
}

// Who has signed it.
awaitable<Result<keeper::VerifiedBot>> bot_of(
    Backend& backend, const HttpRequest& request, const kraken::Parameters& parameters
) {
    if (!parameters.written_nonce())
        co_return protocol::fail(ErrorCode::nonce, "a signed call must have a nonce");
    auto bot = co_await backend.keeper.verify_bot({
        .api_key = std::string(request.header("API-Key").value_or("")),
        .signature = std::string(request.header("API-Sign").value_or("")),
        .path = std::string(request.path()),
        .nonce = *parameters.written_nonce(),
        .body = request.body,
    });
    co_return bot;
}

// Never throws.
awaitable<Result<std::string>> make(Backend& backend, Wanted wanted, Context context) {
    const bool acts = wanted.endpoint.effect != protocol::Effect::read;
    try {
        Handled handled = make_call(backend, std::move(wanted), context);
        if (auto* refused = std::get_if<Result<std::string>>(&handled)) co_return std::move(*refused);
        auto outcome = co_await std::move(std::get<Work>(handled));
        co_return outcome;
    } catch (...) {
        co_return std::unexpected(bug_in_work(acts, context.call_id, std::current_exception()));
    }
}

// What a bot has signed tells its requests apart, so a placement is one for all times that the same bytes
// come.
awaitable<Result<std::string>> make_signed(
    Backend& backend, Wanted wanted, const Context& context, const HttpRequest& request
) {
    const std::string signed_once = fingerprint(request.path(), request.body);
    std::string key;
    if (account::is_placement(kraken::as_called(wanted.endpoint, wanted.parameters)))
        key = "signed:" + signed_once;
    wanted.idempotency_key = key;
    wanted.joins_its_like = true;
    const std::string nonce = *wanted.parameters.written_nonce();  // bot_of() has asked for it
    wanted.signed_nonce = nonce;
    const auto make_it = [&](std::function<bool()> others_wait) {
        // Whatever becomes of it: one that is refused, or joins another, has been answered as well.
        if (wanted.endpoint.effect != protocol::Effect::read)
            backend.bot_nonces.write_down(context.caller.bot_key, nonce);
        Context asked = context;
        asked.asker_is_gone = [is_gone = context.asker_is_gone, others_wait = std::move(others_wait)] {
            return is_gone && is_gone() && !others_wait();
        };
        return make(backend, std::move(wanted), std::move(asked));
    };
    auto answer = co_await backend.replays.once(
        {context.caller.bot_key, nonce, signed_once, context.asker_is_gone}, make_it
    );
    auto outcome = co_await backend.accounts.known_by_now(context.caller.identity(), std::move(answer));
    const bool is_gone = context.asker_is_gone && context.asker_is_gone();
    if (!key.empty() && !is_gone) backend.accounts.told(context.caller.identity(), key);
    co_return outcome;
}

awaitable<Result<std::string>> outcome_of(
    Backend& backend,
    const HttpRequest& request,
    const protocol::Endpoint& endpoint,
    HttpGuest guest,
    Context context
) {
    base::Caller caller = guest.caller;
    auto parameters = parameters_of(request, endpoint, guest.door);
    if (!parameters)
        co_return refuse_call(backend, endpoint, std::nullopt, context, std::move(parameters.error()));
    const bool by_bot = is_signed(request, endpoint);
    if (by_bot) {
        auto bot = co_await bot_of(backend, request, *parameters);
        if (!bot) co_return refuse_call(backend, endpoint, std::nullopt, context, std::move(bot.error()));
        caller.become(bot->bot, bot->key.hex());
    }
    const Context known{
        context.peer,
        caller,
        context.call_id,
        context.socket,
        backend.grants.of(context.peer, caller),
        context.asker_is_gone
    };
    Wanted wanted{.endpoint = endpoint, .parameters = std::move(*parameters), .timeout = timeout};
    auto outcome = by_bot ? co_await make_signed(backend, std::move(wanted), known, request)
                          : co_await make(backend, std::move(wanted), known);
    co_return outcome;
}

// Empty: it may be made.
std::optional<Error> obstacle(
    const HttpRequest& request, const protocol::Endpoint* endpoint, const HttpGuest& guest
) {
    const bool is_private = request.path().starts_with(private_prefix);
    if (!endpoint || request.method != (is_private ? "POST" : "GET"))
        return protocol::make_error(ErrorCode::unknown_endpoint, "Kraken has no such path for this method");
    if (guest.draining) return protocol::stopping_error();
    return std::nullopt;
}

// An error that has its call_id stands in the log already.
void log_refused(const Error& error, const protocol::Endpoint* endpoint, const std::string& call_id) {
    if (!error.call_id.empty()) return;
    log(LogLevel::info,
        "request.refused",
        {{"call_id", call_id},
         {"endpoint", endpoint ? endpoint->name : ""},
         {"code", static_cast<int>(error.code)},
         {"category", protocol::category(error.code)}});
    log_rule(call_id, error);
}

}  // namespace

bool is_kraken_path(std::string_view path) {
    return path.starts_with("/0/");
}

awaitable<HttpReply> answer_kraken(Backend& backend, HttpRequest request, HttpGuest guest) {
    const protocol::Endpoint* endpoint = endpoint_at(request.path());
    const Context context{
        guest.peer, guest.caller, next_call_id(), protocol::SocketKind::client, {}, guest.is_gone
    };
    Result<std::string> outcome;
    if (auto refused = obstacle(request, endpoint, guest)) {
        outcome = std::unexpected(std::move(*refused));
    } else {
        outcome = co_await outcome_of(backend, request, *endpoint, guest, context);
    }
    if (!outcome) log_refused(outcome.error(), endpoint, context.call_id);
    HttpReply reply = outcome ? facade_result(*endpoint, *outcome) : facade_error(outcome.error());
    reply.headers.emplace_back("X-Krakkend-Call", context.call_id);
    co_return reply;
}

}  // namespace krakken::gate
