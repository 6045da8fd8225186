// The methods of an emergency: freeze, thaw.

#include "base/log.hpp"
#include "granting.hpp"
#include "handlers.hpp"
#include "showing.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace krakken::gate {

namespace json = boost::json;
using protocol::ErrorCode;
using protocol::fail;

namespace {

// Long enough for a line in a message, and a line.
constexpr std::size_t longest_reason = 200;

// Which accounts it is about: all, or one.
std::vector<std::shared_ptr<account::Account>> accounts_in(
    const Backend& backend, const std::optional<std::string>& account
) {
    auto accounts = backend.accounts.list();
    std::erase_if(accounts, [&account](const auto& each) {
        return account && each->info().account.text() != *account;
    });
    return accounts;
}

awaitable<Result<std::string>> cancel_all(
    std::shared_ptr<account::Account> account, base::Caller caller, std::string call_id
) {
    auto outcome = co_await account->call({
        .endpoint = protocol::find_endpoint("CancelAll"),
        .parameters = {},
        .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30),
        .max_wait = std::chrono::seconds(10),
        .call_id = std::move(call_id),
        .caller = std::move(caller),
    });
    co_return outcome;
}

Work freeze(
    Backend& backend,
    state::Freeze freeze,
    std::optional<std::vector<std::shared_ptr<account::Account>>> to_cancel,
    std::string call_id
) {
    base::log(base::LogLevel::warn, "frozen", {{"scope", freeze.scope}, {"uid", freeze.by.uid}});
    const base::Caller caller = freeze.by;
    json::object shown{{"frozen", show_freeze(freeze)}};
    const auto written = co_await backend.freezes.freeze(std::move(freeze));
    json::object canceled;
    json::object not_canceled;
    for (const auto& account : to_cancel.value_or(std::vector<std::shared_ptr<account::Account>>())) {
        const std::string name = account->info().account.text();
        const auto outcome = co_await cancel_all(account, caller, call_id);
        if (outcome) {
            canceled[name] = json::parse(*outcome);
        } else {
            not_canceled[name] = outcome.error().message;
        }
    }
    if (to_cancel && to_cancel->empty()) not_canceled["all"] = "no account is open: unlock the vault";
    if (!written) {
        auto error = written.error();
        error.details["canceled"] = std::move(canceled);
        error.details["not_canceled"] = std::move(not_canceled);
        co_return std::unexpected(std::move(error));
    }
    if (to_cancel) shown["canceled"] = std::move(canceled);
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
    std::optional<std::vector<std::shared_ptr<account::Account>>> to_cancel;
    if (arguments.flag("cancel_all")) {
        if (arguments.has("bot"))
            return fail(
                ErrorCode::invalid_params, "cancel_all is for an account or all: it cancels everyone's orders"
            );
        to_cancel = accounts_in(backend, arguments.text("account"));
    }
    return freeze(
        backend,
        {.scope = std::move(*scope),
         .reason = std::move(reason),
         .at = backend.clock.now(),
         .by = context.caller},
        std::move(to_cancel),
        context.call_id
    );
}

Handled handle_thaw(Backend& backend, const Arguments& arguments, const Context&) {
    auto scope = read_scope(arguments);
    if (!scope) return std::unexpected(std::move(scope.error()));
    return thaw(backend, std::move(*scope), passphrase_of(arguments));
}

}  // namespace krakken::gate
