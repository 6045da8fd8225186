// The methods about calls that place orders or move funds: what became of them.

#include "account/sought.hpp"
#include "handlers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace krakken::gate {

namespace json = boost::json;
using account::IntentReport;
using protocol::ErrorCode;
using protocol::fail;
using state::IntentState;

namespace {

// On the client socket everybody sees their own.
std::string whose(const Context& context) {
    if (context.socket == protocol::SocketKind::admin) return "";
    return context.caller.identity();
}

void show(json::object& shown, std::string_view name, const std::string& text) {
    if (!text.empty()) shown[name] = text;
}

json::object show(const account::SoughtOrder& order) {
    json::object shown;
    show(shown, "pair", order.pair);
    show(shown, "side", order.side);
    show(shown, "type", order.type);
    show(shown, "volume", order.volume);
    show(shown, "price", order.price);
    show(shown, "price2", order.price2);
    return shown;
}

void show_sought(json::object& shown, const std::string& text) {
    const auto sought = account::parse_sought(text);
    if (!sought) return;
    if (sought->deadline) shown["deadline"] = base::rfc3339(*sought->deadline);
    if (const std::string tag = sought->tag_text(); !tag.empty()) shown["tag"] = json::parse(tag);
    json::array orders;
    for (const account::SoughtOrder& row : sought->rows)
        orders.push_back(show(row));
    if (!orders.empty()) shown["orders"] = std::move(orders);
}

std::string show(const IntentReport& report) {
    const state::Intent& intent = report.intent;
    const bool on_its_way = intent.state == IntentState::sent && !report.is_lost;
    json::object shown{
        {"id", intent.id},
        {"account", intent.account.text()},
        {"key", intent.key.hex()},
        {"client", intent.client},
        {"endpoint", intent.endpoint},
        {"nonce", intent.nonce.text()},
        {"state", on_its_way ? "sent" : state::name(intent.state)},
        {"sent_at", base::rfc3339(intent.sent_at)},
    };
    if (intent.settled_at) shown["settled_at"] = base::rfc3339(*intent.settled_at);
    show_sought(shown, intent.sought);
    if (intent.cancel_when_found) shown["cancel_when_found"] = true;
    show(shown, "reason", intent.reason);
    std::string text = json::serialize(shown);
    if (intent.outcome.empty()) return text;
    // Kraken's own bytes, as the call would have answered.
    const bool is_result = intent.state == IntentState::placed && intent.reason.empty();
    text.pop_back();
    return fmt::format(R"({},"{}":{}}})", text, is_result ? "result" : "error", intent.outcome);
}

Work list(
    Backend& backend,
    Context context,
    std::optional<base::AccountName> account,
    bool open_only,
    std::size_t limit
) {
    const auto reports =
        co_await backend.accounts.intents(whose(context), std::move(account), open_only, limit);
    if (!reports) co_return std::unexpected(reports.error());
    std::vector<std::string> shown;
    for (const IntentReport& report : *reports)
        if (sees(context, report.intent.account)) shown.push_back(show(report));
    co_return fmt::format("[{}]", fmt::join(shown, ","));
}

// A bot's name may have been another's before, with another account.
Work tell(Context context, awaitable<Result<IntentReport>> question) {
    const auto report = co_await std::move(question);
    if (!report) co_return std::unexpected(report.error());
    if (!sees(context, report->intent.account))
        co_return fail(
            ErrorCode::invalid_params, "no call of this id is known on the accounts that are granted here"
        );
    co_return show(*report);
}

}  // namespace

Handled handle_intent_list(Backend& backend, const Arguments& arguments, const Context& context) {
    std::optional<base::AccountName> account;
    if (const auto name = arguments.text("account")) {
        account = base::AccountName::parse(*name);
        if (!account) return fail(ErrorCode::unknown_account, "no account has that name");
    }
    return list(
        backend,
        context,
        std::move(account),
        arguments.text("which") == "open",
        static_cast<std::size_t>(*arguments.integer("limit"))
    );
}

Handled handle_intent_get(Backend& backend, const Arguments& arguments, const Context& context) {
    return tell(context, backend.accounts.intent(whose(context), *arguments.text("id")));
}

Handled handle_intent_wait(Backend& backend, const Arguments& arguments, const Context& context) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(*arguments.integer("timeout_ms"));
    return tell(context, backend.accounts.wait_for_intent(whose(context), *arguments.text("id"), deadline));
}

Handled handle_intent_settle(Backend& backend, const Arguments& arguments, const Context& context) {
    std::string reason = *arguments.text("reason");
    if (reason.empty()) return fail(ErrorCode::invalid_params, "reason must say how you know; it is kept");
    const auto state = arguments.text("outcome") == "placed" ? IntentState::placed : IntentState::not_placed;
    return tell(
        context,
        backend.accounts.settle_intent(
            *arguments.text("id"), {.state = state, .reason = std::move(reason), .said_by = context.caller}
        )
    );
}

}  // namespace krakken::gate
