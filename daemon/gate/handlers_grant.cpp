// The methods about who may do what: bot.*, grant.*.

#include "base/log.hpp"
#include "granting.hpp"
#include "handlers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace krakken::gate {

namespace json = boost::json;
using grant::Grant;
using keeper::GrantInfo;
using keeper::SecretText;
using protocol::Error;
using protocol::ErrorCode;
using protocol::fail;

namespace {

Error vault_is_closed(const Backend& backend) {
    return protocol::locked_error(backend.keeper.vault_exists());
}

std::unexpected<Error> no_such(std::string_view what) {
    return fail(ErrorCode::invalid_params, fmt::format("there is no such {}", what));
}

// As clients see it: the grant's members, behind who holds it.
json::object show(const GrantInfo& info) {
    json::object shown{{is_bot_name(info.holder) ? "name" : "holder", info.holder}};
    if (!info.keys.empty()) {
        json::array keys;
        for (const auto& key : info.keys) {
            json::object one{{"key", key.key.hex()}};
            if (key.ends_at) one["ends_at"] = base::rfc3339(*key.ends_at);
            keys.push_back(std::move(one));
        }
        shown["keys"] = std::move(keys);
    }
    boost::system::error_code problem;
    const json::value grant = json::parse(info.grant, problem);
    const json::object* members = problem ? nullptr : grant.if_object();
    // Of a newer version, perhaps; nothing of it is allowed here.
    if (!members) shown["not_understood"] = true;
    for (const auto& member : members ? *members : json::object()) {
        const json::array* accounts = member.key() == "accounts" ? member.value().if_array() : nullptr;
        if (accounts && accounts->size() == 1) shown["account"] = accounts->front();  // a bot has one
        shown.insert(member);
    }
    return shown;
}

std::optional<GrantInfo> find(const Backend& backend, const std::string& holder) {
    for (GrantInfo& info : backend.keeper.grants())
        if (info.holder == holder) return std::move(info);
    return std::nullopt;
}

// What came with this text is not left behind.
std::string with_credentials(const json::object& bot, const keeper::BotCredentials& credentials) {
    const std::string shown = json::serialize(bot);
    std::string text;
    constexpr std::size_t names_and_quotes = 64;
    text.reserve(
        shown.size() + credentials.api_key.size() + credentials.api_secret.size() + names_and_quotes
    );
    text.append(shown, 0, shown.size() - 1).append(R"(,"api_key":")");
    credentials.api_key.use([&text](std::string_view key) { text += key; });
    text += R"(","api_secret":")";
    credentials.api_secret.use([&text](std::string_view secret) { text += secret; });
    return text += R"("})";
}

void log_changed(std::string_view event, const std::string& holder) {
    base::log(base::LogLevel::info, event, {{"holder", holder}});
}

// Beside the first grant of all, since the operator's own programs may do less from then on.
void add_warning(json::object& shown) {
    shown["warnings"] = json::array{
        "krakkend's own user and root have no cancel-all any more (CancelAll, CancelAllOrdersAfter), unless "
        "they are given it: krakkenctl grant set uid:N --account A --allow read,trade,export,cancel-all"
    };
}

// The vault was locked while it was saved, or just behind that.
Error locked_meanwhile(std::string_view what) {
    auto error = protocol::make_error(
        ErrorCode::locked,
        fmt::format("{}, but the vault was locked meanwhile, and its key is not shown", what)
    );
    return std::move(error).with_remedy(
        "unlock the vault and make another key: krakkenctl bot rotate NAME --grace 0"
    );
}

Work make_bot(Backend& backend, std::string name, std::string grant, std::optional<SecretText> passphrase) {
    auto verified = co_await verify_passphrase(backend, std::move(passphrase));
    if (!verified) co_return std::unexpected(std::move(verified.error()));
    if (find(backend, name)) {
        co_return std::unexpected(
            protocol::make_error(ErrorCode::invalid_params, "there is a bot of that name")
                .with("reason", "exists")
                .with_remedy("choose another name, or change or revoke that bot")
        );
    }
    const bool is_first = backend.keeper.grants().empty();
    const auto made =
        co_await backend.keeper.make_bot_key(name, std::move(grant), backend.clock.now(), std::nullopt);
    if (!made) co_return std::unexpected(made.error());
    backend.grants.refresh();
    log_changed("bot.added", name);
    const auto info = find(backend, name);
    if (!info) co_return std::unexpected(locked_meanwhile("the bot is made"));
    json::object shown = show(*info);
    if (is_first) add_warning(shown);
    co_return with_credentials(shown, *made);
}

Work rotate(
    Backend& backend, std::string name, std::chrono::seconds grace, std::optional<SecretText> passphrase
) {
    auto verified = co_await verify_passphrase(backend, std::move(passphrase));
    if (!verified) co_return std::unexpected(std::move(verified.error()));
    const auto before = find(backend, name);
    if (!before) co_return no_such("bot");
    const auto made =
        co_await backend.keeper.make_bot_key(name, before->grant, backend.clock.now() + grace, before->grant);
    if (!made) co_return std::unexpected(made.error());
    backend.grants.refresh();
    log_changed("bot.rotated", name);
    const auto info = find(backend, name);
    if (!info) co_return std::unexpected(locked_meanwhile("the bot has another key"));
    co_return with_credentials(show(*info), *made);
}

// Of a bot that is there, or of a user or group that may have had none.
Work change(Backend& backend, std::string holder, Grant grant, std::optional<SecretText> passphrase) {
    if (!backend.keeper.vault_is_open()) co_return std::unexpected(vault_is_closed(backend));
    const auto before = find(backend, holder);
    if (!before && is_bot_name(holder)) co_return no_such("bot");
    const auto allowed = before ? grant::parse_grant(before->grant) : Result<Grant>(Grant());
    if (grant::widens(allowed.value_or(Grant()), grant)) {
        auto verified = co_await verify_passphrase(backend, std::move(passphrase));
        if (!verified) co_return std::unexpected(std::move(verified.error()));
    }
    const bool is_first = backend.keeper.grants().empty();
    auto saved = co_await backend.keeper.save_grant(
        holder, grant::text_of(grant), before ? std::optional(before->grant) : std::nullopt
    );
    if (!saved) co_return std::unexpected(std::move(saved.error()));
    backend.grants.refresh();
    log_changed("grant.changed", holder);
    const auto info = find(backend, holder);
    if (!info) co_return std::unexpected(vault_is_closed(backend));
    json::object shown = show(*info);
    if (is_first) add_warning(shown);
    co_return json::serialize(shown);
}

Work remove(Backend& backend, std::string holder) {
    auto removed = co_await backend.keeper.remove_grant(holder);
    if (!removed) co_return std::unexpected(std::move(removed.error()));
    backend.grants.refresh();
    log_changed(is_bot_name(holder) ? "bot.revoked" : "grant.removed", holder);
    co_return is_bot_name(holder) ? R"({"revoked":true})" : R"({"removed":true})";
}

// Without a grant of its own a user falls back to what the groups have, or the operator.
Work remove_of_user(Backend& backend, std::string holder, std::optional<SecretText> passphrase) {
    auto verified = co_await verify_passphrase(backend, std::move(passphrase));
    if (!verified) co_return std::unexpected(std::move(verified.error()));
    auto removed = co_await remove(backend, std::move(holder));
    co_return removed;
}

// "uid:1000", "group:traders"; the group must be there.
Result<std::string> read_holder(const Arguments& arguments) {
    std::string holder = *arguments.text("holder");
    const std::string_view text = holder;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.starts_with("uid:")) {
        const std::string_view number = text.substr(4);
        const bool plain = !number.empty() && number.size() <= 10 && std::ranges::all_of(number, is_digit) &&
                           (number == "0" || number.front() != '0');
        if (plain) return holder;
    }
    if (text.starts_with("group:") && group_named(holder.substr(6))) return holder;
    return fail(
        ErrorCode::invalid_params, "holder must be uid: and a number, or group: and the name of a group"
    );
}

Result<std::string> read_bot_name(const Arguments& arguments) {
    std::string name = *arguments.text("name");
    if (is_bot_name(name)) return name;
    return fail(ErrorCode::invalid_params, "name must be 1 to 64 of a-z, 0-9, _ and -");
}

// The accounts that it names must not all be there: they may be added later.
Result<Grant> read_grant(const Arguments& arguments) {
    auto grant = grant::parse_grant(arguments.raw("grant"));
    if (!grant) return grant;
    if (grant->accounts.empty() || grant->rights.empty())
        return fail(ErrorCode::invalid_params, "a grant must name accounts and what it allows");
    const bool two_currencies = grant->max_order_notional && grant->max_day_notional &&
                                grant->max_order_notional->currency != grant->max_day_notional->currency;
    if (two_currencies)
        return fail(ErrorCode::invalid_params, "the limits in money of a grant must be in one currency");
    return grant;
}

// A bot's library does not say which account it means.
Result<Grant> read_bot_grant(const Arguments& arguments) {
    auto grant = read_grant(arguments);
    if (grant && grant->accounts.size() != 1)
        return fail(ErrorCode::invalid_params, "a bot's grant is for one account; make a bot for each");
    return grant;
}

Result<std::string> list(const Backend& backend, bool bots) {
    if (!backend.keeper.vault_is_open()) return std::unexpected(vault_is_closed(backend));
    json::array shown;
    for (const GrantInfo& info : backend.keeper.grants())
        if (is_bot_name(info.holder) == bots) shown.push_back(show(info));
    return json::serialize(shown);
}

}  // namespace

Handled handle_bot_add(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_bot_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    const auto grant = read_bot_grant(arguments);
    if (!grant) return std::unexpected(grant.error());
    return make_bot(backend, std::move(*name), grant::text_of(*grant), passphrase_of(arguments));
}

Handled handle_bot_change(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_bot_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    auto grant = read_bot_grant(arguments);
    if (!grant) return std::unexpected(std::move(grant.error()));
    return change(backend, std::move(*name), std::move(*grant), passphrase_of(arguments));
}

Handled handle_bot_rotate(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_bot_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    const std::chrono::seconds grace(*arguments.integer("grace_s"));
    return rotate(backend, std::move(*name), grace, passphrase_of(arguments));
}

Handled handle_bot_revoke(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_bot_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    return remove(backend, std::move(*name));
}

Handled handle_bot_list(Backend& backend, const Arguments&, const Context&) {
    return list(backend, true);
}

Handled handle_bot_show(Backend& backend, const Arguments& arguments, const Context&) {
    if (!backend.keeper.vault_is_open()) return std::unexpected(vault_is_closed(backend));
    const auto name = read_bot_name(arguments);
    if (!name) return std::unexpected(name.error());
    const auto info = find(backend, *name);
    if (!info) return no_such("bot");
    return json::serialize(show(*info));
}

Handled handle_grant_set(Backend& backend, const Arguments& arguments, const Context&) {
    auto holder = read_holder(arguments);
    if (!holder) return std::unexpected(std::move(holder.error()));
    auto grant = read_grant(arguments);
    if (!grant) return std::unexpected(std::move(grant.error()));
    return change(backend, std::move(*holder), std::move(*grant), passphrase_of(arguments));
}

Handled handle_grant_list(Backend& backend, const Arguments&, const Context&) {
    return list(backend, false);
}

Handled handle_grant_remove(Backend& backend, const Arguments& arguments, const Context&) {
    // Its group may be gone.
    std::string holder = *arguments.text("holder");
    if (is_bot_name(holder)) return no_such("grant; a bot is revoked");
    if (holder.starts_with("uid:"))
        return remove_of_user(backend, std::move(holder), passphrase_of(arguments));
    return remove(backend, std::move(holder));
}

}  // namespace krakken::gate
