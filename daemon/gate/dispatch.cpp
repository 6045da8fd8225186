#include "dispatch.hpp"

#include "base/log.hpp"

#include <utility>

namespace krakken::gate {

using base::log;
using base::LogLevel;
using protocol::ErrorCode;

namespace {

protocol::Error internal_error(const std::string& call_id, const std::exception_ptr& bug) {
    log(LogLevel::error, "bug", {{"call_id", call_id}, {"what", describe(bug)}});
    auto error =
        protocol::make_error(ErrorCode::internal, "an internal error; the log has it under this call_id");
    error.call_id = call_id;
    return error;
}

// Never with parameters, nor with the name of a method that is not one: both are the client's text.
void log_refusal(const std::string& call_id, std::string_view method, const protocol::Error& error) {
    log(LogLevel::info,
        "request.refused",
        {{"call_id", call_id},
         {"method", method},
         {"code", static_cast<int>(error.code)},
         {"category", protocol::category(error.code)}});
    log_rule(call_id, error);
}

}  // namespace

void log_rule(const std::string& call_id, const protocol::Error& error) {
    const auto* rule = error.details.if_contains("rule");
    if (rule && rule->is_string())
        log(LogLevel::info, "call.forbidden", {{"call_id", call_id}, {"rule", std::string(rule->as_string())}}
        );
}

std::string describe(const std::exception_ptr& bug) {
    try {
        std::rethrow_exception(bug);
    } catch (const std::exception& exception) {
        return exception.what();
    } catch (...) {
        return "not a standard exception";
    }
}

Handled dispatch(Backend& backend, const Request& request, const Context& context, bool draining) {
    // The repeat of an idempotency key is told what became of the call; nothing new is sent with it any more.
    if (draining && !request.arguments.text("idempotency_key"))
        return Result<std::string>(std::unexpected(protocol::stopping_error()));
    const std::string_view method = request.method->name;
    if (request.id.empty() && request.method->needs_answer) {
        log(LogLevel::warn, "notification.not_executed", {{"call_id", context.call_id}, {"method", method}});
        return Result<std::string>("null");
    }
    try {
        return find_handler(method)(backend, request.arguments, context);
    } catch (...) {
        return Result<std::string>(std::unexpected(internal_error(context.call_id, std::current_exception()))
        );
    }
}

protocol::Error bug_in_work(bool acts, const std::string& call_id, const std::exception_ptr& bug) {
    protocol::Error error = internal_error(call_id, bug);
    // Nobody knows how far it had come: an order may have left before.
    if (acts) error.executed = protocol::Executed::unknown;
    return error;
}

void finish(Reply& reply, std::string_view method, protocol::Result<std::string>& outcome) {
    // An error that has its call_id stands in the log already.
    if (!outcome && outcome.error().call_id.empty()) {
        outcome.error().call_id = reply.call_id;
        log_refusal(reply.call_id, method, outcome.error());
    }
    if (!reply.id.empty()) reply.text = reply_text(reply.id, outcome);
}

}  // namespace krakken::gate
