// The methods of an emergency: freeze, thaw.

#include "base/log.hpp"
#include "granting.hpp"
#include "handlers.hpp"
#include "open_orders.hpp"
#include "protocol/json_text.hpp"
#include "showing.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace krakken::gate {

namespace json = boost::json;
using protocol::ErrorCode;
using protocol::fail;

namespace {

// Long enough for a line in a message, and a line.
constexpr std::size_t longest_reason = 200;

// Whose open orders are to be canceled, and on which accounts.
struct Cancels {
    std::vector<std::shared_ptr<account::Account>> accounts;
    std::string identity = {};                    // of a bot; empty: everybody's
    std::shared_ptr<const Holding> holding = {};  // the bot's, if it has one
};

// All accounts, or the one that is named. A bot may have had another account before, or be revoked by now:
// its orders are looked for everywhere.
Cancels cancels_in(
    const Backend& backend, const std::optional<std::string>& account, const std::optional<std::string>& bot
) {
    Cancels cancels{backend.accounts.list()};
    if (bot) {
        cancels.identity = "bot:" + *bot;
        cancels.holding = backend.grants.find(*bot);
    }
    std::erase_if(cancels.accounts, [&account](const auto& each) {
        return account && each->info().account.text() != *account;
    });
    return cancels;
}

account::Call cancel_call(std::string_view endpoint, const base::Caller& caller, const std::string& call_id) {
    return {
        .endpoint = protocol::find_endpoint(endpoint),
        .parameters = {},
        .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30),
        .max_wait = std::chrono::seconds(10),
        .call_id = call_id,
        .caller = caller,
    };
}

// How many.
awaitable<Result<std::uint64_t>> cancel_all(
    std::shared_ptr<account::Account> account, base::Caller caller, std::string call_id
) {
    const auto outcome = co_await account->call(cancel_call("CancelAll", caller, call_id));
    if (!outcome) co_return std::unexpected(outcome.error());
    const json::value result = json::parse(*outcome);
    const auto* count = result.is_object() ? result.as_object().if_contains("count") : nullptr;
    co_return count && count->is_int64() ? static_cast<std::uint64_t>(count->as_int64()) : 0;
}

// One by one, and what can be canceled is. What is on its way, or whose answer was lost, when it shows.
awaitable<Result<std::uint64_t>> cancel_own(
    Backend& backend,
    std::shared_ptr<account::Account> account,
    std::string identity,
    base::Caller caller,
    std::string call_id
) {
    co_await account->placements().cancel_what_shows(identity);
    const auto open = co_await own_open_orders(
        backend, account, std::move(identity), cancel_call("OpenOrders", caller, call_id)
    );
    if (!open) co_return std::unexpected(open.error());
    std::uint64_t canceled = 0;
    std::optional<protocol::Error> problem;
    for (const std::string& txid : *open) {
        auto call = cancel_call("CancelOrder", caller, call_id);
        call.parameters.set("txid", protocol::quote(txid));
        const auto outcome = co_await account->call(std::move(call));
        const bool is_closed = !outcome && outcome.error().code == ErrorCode::order &&
                               outcome.error().executed == protocol::Executed::no;
        if (outcome) {
            ++canceled;
        } else if (!is_closed) {
            problem = outcome.error();
        }
    }
    if (problem) co_return std::unexpected(std::move(*problem));
    co_return canceled;
}

Work freeze(Backend& backend, state::Freeze freeze, std::optional<Cancels> cancels, std::string call_id) {
    base::log(base::LogLevel::warn, "frozen", {{"scope", freeze.scope}, {"uid", freeze.by.uid}});
    const base::Caller caller = freeze.by;
    json::object shown{{"frozen", show_freeze(freeze)}};
    const auto written = co_await backend.freezes.freeze(std::move(freeze));
    json::object canceled;
    json::object not_canceled;
    const Cancels wanted = cancels.value_or(Cancels());
    for (const auto& account : wanted.accounts) {
        const std::string name = account->info().account.text();
        const auto count = wanted.identity.empty()
                               ? co_await cancel_all(account, caller, call_id)
                               : co_await cancel_own(backend, account, wanted.identity, caller, call_id);
        const bool is_granted = wanted.identity.empty() ||
                                (wanted.holding && wanted.holding->grant.covers(account->info().account));
        if (count) {
            if (*count > 0 || is_granted) canceled[name] = {{"count", *count}};
        } else {
            not_canceled[name] = count.error().message;
        }
    }
    if (cancels && wanted.accounts.empty()) not_canceled["all"] = "no account is open: unlock the vault";
    if (!written) {
        auto error = written.error();
        error.details["canceled"] = std::move(canceled);
        error.details["not_canceled"] = std::move(not_canceled);
        co_return std::unexpected(std::move(error));
    }
    if (cancels) shown["canceled"] = std::move(canceled);
    if (!not_canceled.empty()) shown["not_canceled"] = std::move(not_canceled);
    co_return json::serialize(shown);
}

// It allows more than before. Without a vault there is no passphrase.
Work thaw(Backend& backend, std::string scope, std::optional<keeper::SecretText> passphrase) {
    if (backend.keeper.vault_exists()) {
        auto verified = co_await verify_passphrase(backend, std::move(passphrase));
        if (!verified) co_return std::unexpected(std::move(verified.error()));
    }
    auto thawed = co_await backend.freezes.thaw(scope);
    if (!thawed) co_return std::unexpected(std::move(thawed.error()));
    base::log(base::LogLevel::warn, "thawed", {{"scope", scope}});
    co_return json::serialize(json::object{{"thawed", scope}});
}

Result<std::string> read_scope(const Arguments& arguments) {
    const auto account = arguments.text("account");
    const auto bot = arguments.text("bot");
    if (account && bot)
        return fail(ErrorCode::invalid_params, "it is one account, or one bot, or neither for all");
    if (account && !base::AccountName::parse(*account))
        return fail(ErrorCode::unknown_account, "no account has that name");
    if (bot && !is_bot_name(*bot)) return fail(ErrorCode::invalid_params, "no bot has that name");
    return freeze_scope(account, bot);
}

}  // namespace

Handled handle_freeze(Backend& backend, const Arguments& arguments, const Context& context) {
    auto scope = read_scope(arguments);
    if (!scope) return std::unexpected(std::move(scope.error()));
    if (const auto account = arguments.text("account"); account && backend.keeper.vault_is_open())
        if (const auto found = backend.accounts.find(account); !found) return std::unexpected(found.error());
    std::string reason = *arguments.text("reason");
    const bool one_line =
        std::ranges::none_of(reason, [](char c) { return static_cast<unsigned char>(c) < ' '; });
    if (reason.empty() || reason.size() > longest_reason || !one_line)
        return fail(
            ErrorCode::invalid_params, "reason must be one line of 1 to 200 characters; bots are told it"
        );
    std::optional<Cancels> cancels;
    if (arguments.flag("cancel_all"))
        cancels = cancels_in(backend, arguments.text("account"), arguments.text("bot"));
    return freeze(
        backend,
        {.scope = std::move(*scope),
         .reason = std::move(reason),
         .at = backend.clock.now(),
         .by = context.caller},
        std::move(cancels),
        context.call_id
    );
}

Handled handle_thaw(Backend& backend, const Arguments& arguments, const Context&) {
    auto scope = read_scope(arguments);
    if (!scope) return std::unexpected(std::move(scope.error()));
    return thaw(backend, std::move(*scope), passphrase_of(arguments));
}

}  // namespace krakken::gate
