#include "protocol/methods.hpp"

#include "result_schemas.hpp"

#include <algorithm>
#include <array>

namespace krakken::protocol {

namespace {

using E = ErrorCode;
using enum ParameterType;
using enum Served;

constexpr std::string_view account_name_pattern = "^[a-z0-9_-]{1,64}$";

constexpr auto conditions = std::to_array<std::string_view>({"unlocked", "ready"});
constexpr auto tiers = std::to_array<std::string_view>({"starter", "intermediate", "pro"});
constexpr auto save_policies = std::to_array<std::string_view>({"validated", "unvalidated", "anyway"});

constexpr Parameter timeout{
    .name = "timeout_ms",
    .type = integer,
    .required = false,
    .summary = "answers within this time",
    .least = 1,
    .most = 120'000,
    .otherwise = "30000",
};
constexpr Parameter own_name{
    .name = "name",
    .type = string,
    .required = true,
    .summary = "the account's name",
    .pattern = account_name_pattern,
};

constexpr Parameter api_key{
    .name = "api_key",
    .type = string,
    .required = true,
    .summary = "as Kraken shows it",
    .secret = true,
};
constexpr Parameter api_secret{
    .name = "api_secret",
    .type = string,
    .required = true,
    .summary = "as Kraken shows it, base64",
    .secret = true,
};
constexpr Parameter otp{
    .name = "otp",
    .type = string,
    .required = false,
    .summary = "the key's second factor: a fixed password, or totp: and a base32 seed",
    .secret = true,
};
constexpr Parameter save_further{
    .name = "save",
    .type = string,
    .required = false,
    .summary =
        "anyway: even if Kraken says no, or does not tell whose the key is; the others: only if it does",
    .choices = save_policies,
    .otherwise = R"("validated")",
};
constexpr std::string_view key_pattern = "^[0-9a-f]{8}$";

constexpr std::array<Parameter, 0> none{};
constexpr auto call = std::to_array<Parameter>({
    {"endpoint", string, true, "Kraken's own name, e.g. AddOrder or Earn/Strategies"},
    {"account", string, false, "of a private call; without it the default account, or the only one"},
    {"params", object, false, "Kraken's parameters, without nonce and otp"},
    timeout,
    {.name = "max_wait_ms",
     .type = integer,
     .required = false,
     .summary =
         "waits this long for its turn, 0: not at all; without it 10000 for what reads, 2000 for the rest",
     .least = 0,
     .most = 120'000},
    {.name = "idempotency_key",
     .type = string,
     .required = false,
     .summary = "makes a placement or movement of funds once for all requests of this key",
     .pattern = "^[ -~]{1,128}$"},
});
constexpr auto wait = std::to_array<Parameter>({
    {.name = "for",
     .type = string,
     .required = true,
     .summary = "unlocked: the vault is open; ready: calls of the account can be made",
     .choices = conditions},
    {"account", string, false, "that must be ready; without it the one that a call would take"},
    timeout,
});
constexpr auto maybe_account = std::to_array<Parameter>({
    {"account", string, false, "only this one"},
});
constexpr auto passphrase = std::to_array<Parameter>({
    {.name = "passphrase", .type = string, .required = true, .summary = "the vault's", .secret = true},
});
constexpr auto unlock_by = std::to_array<Parameter>({
    {.name = "passphrase", .type = string, .required = false, .summary = "the vault's", .secret = true},
    {"key_file", string, false, "path of a key file, instead of the passphrase"},
});
constexpr auto passphrases = std::to_array<Parameter>({
    {.name = "old", .type = string, .required = true, .summary = "the passphrase so far", .secret = true},
    {.name = "new", .type = string, .required = true, .summary = "the passphrase from now on", .secret = true
    },
});
constexpr auto key_file = std::to_array<Parameter>({
    {.name = "passphrase", .type = string, .required = true, .summary = "the vault's", .secret = true},
    {"path", string, true, "where the key file lies"},
});
constexpr auto new_account = std::to_array<Parameter>({
    own_name,
    api_key,
    api_secret,
    otp,
    {.name = "tier",
     .type = string,
     .required = false,
     .summary = "the account's verification level, which sets its rate limits",
     .choices = tiers,
     .otherwise = R"("intermediate")"},
    {.name = "save",
     .type = string,
     .required = false,
     .summary = "validated: only if Kraken accepts the key; unvalidated: even if Kraken cannot be asked; "
                "anyway: even if it says no",
     .choices = save_policies,
     .otherwise = R"("validated")"},
});
constexpr auto further_key = std::to_array<Parameter>({own_name, api_key, api_secret, otp, save_further});
constexpr auto another_key = std::to_array<Parameter>({
    own_name,
    {.name = "key",
     .type = string,
     .required = false,
     .summary = "the hashed name of the one to be replaced, where the account has several",
     .pattern = key_pattern},
    api_key,
    api_secret,
    otp,
    save_further,
});
constexpr auto account_key = std::to_array<Parameter>({
    own_name,
    {.name = "key",
     .type = string,
     .required = false,
     .summary = "only this key, by its hashed name, as account.list shows it; without it all of the account",
     .pattern = key_pattern},
});
constexpr auto old_nonce = std::to_array<Parameter>({
    {.name = "account",
     .type = string,
     .required = true,
     .summary = "whose nonces go on above that number",
     .pattern = account_name_pattern},
    {"file", string, true, "path of an old kraken_nonce file"},
});

constexpr auto audit_rows = std::to_array<Parameter>({
    {.name = "account",
     .type = string,
     .required = false,
     .summary = "only this one's rows",
     .pattern = account_name_pattern},
    {.name = "after",
     .type = integer,
     .required = false,
     .summary = "the rows behind this one; without it the last ones",
     .least = 0,
     .most = 9'000'000'000'000'000},
    {.name = "limit",
     .type = integer,
     .required = false,
     .summary = "at most so many rows",
     .least = 1,
     .most = 10'000,
     .otherwise = "100"},
});
constexpr auto which_intents = std::to_array<std::string_view>({"open", "all"});
constexpr auto settled_as = std::to_array<std::string_view>({"placed", "not_placed"});
constexpr Parameter intent_id{
    .name = "id",
    .type = string,
    .required = true,
    .summary = "the call's id, as data.intent of its error names it",
};
constexpr auto intents = std::to_array<Parameter>({
    {"account", string, false, "only of this one"},
    {.name = "which",
     .type = string,
     .required = false,
     .summary = "open: those whose fate is not known; all: of the last day, too",
     .choices = which_intents,
     .otherwise = R"("all")"},
    {.name = "limit",
     .type = integer,
     .required = false,
     .summary = "the newest so many",
     .least = 1,
     .most = 1000,
     .otherwise = "100"},
});
constexpr auto one_intent = std::to_array<Parameter>({intent_id});
constexpr auto awaited_intent = std::to_array<Parameter>({intent_id, timeout});
constexpr auto persons_word = std::to_array<Parameter>({
    intent_id,
    {.name = "outcome",
     .type = string,
     .required = true,
     .summary = "what you have seen at Kraken",
     .choices = settled_as},
    {"reason", string, true, "how you know; it is kept"},
});

constexpr Parameter bot_name{
    .name = "name",
    .type = string,
    .required = true,
    .summary = "the bot's name",
    .pattern = account_name_pattern,
};
constexpr Parameter grant_object{
    .name = "grant",
    .type = object,
    .required = true,
    .summary =
        "what may be done: accounts and allow, and any of pairs, side, order_types, max_order_volume, "
        "max_order_notional, max_day_notional, max_open_orders, max_calls_per_minute, own_orders, hours, "
        "expires_at, mode",
};
constexpr Parameter passphrase_to_widen{
    .name = "passphrase",
    .type = string,
    .required = false,
    .summary = "the vault's; needed where it allows more than before",
    .secret = true,
};
constexpr Parameter holder{
    .name = "holder",
    .type = string,
    .required = true,
    .summary = "uid: and a number, or group: and a name",
    .pattern = "^(uid:[0-9]+|group:.+)$",
};
constexpr auto one_bot = std::to_array<Parameter>({bot_name});
constexpr auto bot_and_grant = std::to_array<Parameter>({bot_name, grant_object, passphrase_to_widen});
constexpr auto rotated_bot = std::to_array<Parameter>({
    bot_name,
    {.name = "grace_s",
     .type = integer,
     .required = false,
     .summary = "so long the old key may be used beside the new one",
     .least = 0,
     .most = 30 * 24 * 3600,
     .otherwise = "3600"},
    passphrase_to_widen,
});
constexpr auto holder_and_grant = std::to_array<Parameter>({holder, grant_object, passphrase_to_widen});
constexpr auto one_holder = std::to_array<Parameter>({holder, passphrase_to_widen});

constexpr Parameter frozen_account{
    .name = "account",
    .type = string,
    .required = false,
    .summary = "only this one",
    .pattern = account_name_pattern,
};
constexpr Parameter frozen_bot{
    .name = "bot",
    .type = string,
    .required = false,
    .summary = "only this one",
    .pattern = account_name_pattern,
};
constexpr auto freezing = std::to_array<Parameter>({
    frozen_account,
    frozen_bot,
    {"reason", string, true, "a line that bots are told"},
    {"cancel_all",
     boolean,
     false,
     "cancels every open order of it, too: of all accounts, of the account, or of the bot"},
});
constexpr auto thawing = std::to_array<Parameter>({
    frozen_account,
    frozen_bot,
    {.name = "passphrase",
     .type = string,
     .required = false,
     .summary = "the vault's; needed where there is one",
     .secret = true},
});
constexpr auto checked_call = std::to_array<Parameter>({
    {"endpoint", string, true, "Kraken's own name, e.g. AddOrder or Earn/Strategies"},
    {"account", string, false, "as of a call"},
    {"params", object, false, "Kraken's parameters, without nonce and otp"},
});

constexpr auto signed_time = std::to_array<Parameter>({
    {"key", string, true, "the bot's API key"},
    {.name = "time",
     .type = integer,
     .required = true,
     .summary = "now, in seconds since 1970",
     .least = 0,
     .most = 100'000'000'000},
    {"signature",
     string,
     true,
     "API-Sign as for Kraken, with the path /krakkend/identify, the time as nonce, and the body nonce=TIME"},
});

constexpr auto every_method = std::to_array<E>(
    {E::parse_error,
     E::invalid_request,
     E::unknown_method,
     E::invalid_params,
     E::internal,
     E::overloaded,
     E::stopping}
);
constexpr std::array<E, 0> no_more{};
constexpr auto of_call = std::to_array<E>(
    {E::locked,
     E::no_credentials,
     E::forbidden,
     E::unknown_account,
     E::unknown_endpoint,
     E::auth,
     E::permission,
     E::nonce,
     E::rate_limit,
     E::funds,
     E::order,
     E::service,
     E::network,
     E::timeout,
     E::outcome_unknown,
     E::lockout,
     E::idempotency,
     E::storage}
);
constexpr auto of_intents = std::to_array<E>({E::storage});
constexpr auto of_awaiting = std::to_array<E>({E::timeout, E::storage});
constexpr auto of_waiting = std::to_array<E>({E::unknown_account, E::timeout});
constexpr auto of_finding = std::to_array<E>({E::locked, E::no_credentials, E::unknown_account});
constexpr auto of_creating = std::to_array<E>({E::vault, E::storage});
constexpr auto of_opening = std::to_array<E>({E::passphrase, E::vault});
constexpr auto of_changing = std::to_array<E>({E::passphrase, E::vault, E::storage});
constexpr auto of_validating = std::to_array<E>(
    {E::locked,
     E::no_credentials,
     E::unknown_account,
     E::vault,
     E::auth,
     E::permission,
     E::nonce,
     E::rate_limit,
     E::order,
     E::service,
     E::network,
     E::timeout,
     E::lockout,
     E::storage}
);
constexpr auto of_removing =
    std::to_array<E>({E::locked, E::no_credentials, E::unknown_account, E::vault, E::timeout, E::storage});
constexpr auto of_importing =
    std::to_array<E>({E::locked, E::no_credentials, E::unknown_account, E::timeout, E::storage});
constexpr auto of_freezing = std::to_array<E>({E::unknown_account, E::storage});
constexpr auto of_identifying = std::to_array<E>({E::locked, E::auth});
constexpr auto of_checking =
    std::to_array<E>({E::locked, E::no_credentials, E::unknown_account, E::unknown_endpoint});
constexpr auto of_granting = std::to_array<E>({E::locked, E::passphrase, E::vault, E::storage});
constexpr auto of_showing_grants = std::to_array<E>({E::locked});
constexpr auto of_auditing = std::to_array<E>({E::storage});

// clang-format off
constexpr auto table = std::to_array<Method>({
    {"ping", on_both, false, none, "Answers \"pong\".", result::pong, no_more},
    {"version", on_both, false, none, "The daemon's version and that of the protocol.", result::version, no_more},
    {"status", on_both, false, none, "State of daemon, vault, upstream and accounts.", result::status, no_more},
    {"account.list", on_both, false, none, "The accounts and the hashed names of their keys.", result::accounts, no_more},
    {"rpc.discover", on_both, false, none, "This document: what this socket serves.", result::open_rpc, no_more},
    {"gateway.show", on_both, false, none, "Where the gateway listens and whom its TLS clients trust; empty: it is off.", result::gateway, no_more},
    {"profile", on_client, false, none, "Region and capabilities from the configuration.", result::profile, no_more},
    {"endpoints", on_client, false, none, "Kraken's endpoints, their effects and permissions.", result::endpoints, no_more},
    {"call", on_client, true, call, "Makes one call at Kraken and returns its result byte for byte.", result::anything, of_call},
    {"wait", on_client, false, wait, "Answers true once the vault is unlocked or an account is ready.", result::yes, of_waiting},
    {"identify", on_client, true, signed_time, "This connection is a bot's from now on: shown by a signature of its key.", result::identity, of_identifying},
    {"whoami", on_client, false, none, "Who the daemon takes this client for, and what it may do.", result::whoami, no_more},
    {"check", on_client, false, checked_call, "Whether a call would be allowed; nothing is sent.", result::verdict, of_checking},
    {"nonce.status", on_client, false, maybe_account, "Every key's last nonce and durable bound.", result::nonces, of_finding},
    {"intent.list", on_both, false, intents, "Calls that place orders or move funds, newest first: a client's own, on the admin socket all.", result::intents, of_intents},
    {"intent.get", on_both, false, one_intent, "What became of one of them.", result::intent, of_intents},
    {"intent.wait", on_both, false, awaited_intent, "The same, as soon as it is known.", result::intent, of_awaiting},
    {"intent.settle", on_admin, true, persons_word, "A person says what became of a call whose answer was lost.", result::intent, of_intents},
    {"vault.create", on_admin, true, passphrase, "Makes a new vault and leaves it unlocked.", result::created, of_creating},
    {"unlock", on_admin, true, unlock_by, "Opens the vault with a passphrase or a key file.", result::unlocked, of_opening},
    {"lock", on_admin, true, none, "Wipes every secret from memory.", result::locked, no_more},
    {"vault.change_passphrase", on_admin, true, passphrases, "Replaces the vault's passphrase.", result::changed, of_changing},
    {"vault.add_key_file", on_admin, true, key_file, "Makes a key file that opens the vault without a person.", result::changed, of_changing},
    {"vault.remove_key_file", on_admin, true, key_file, "Takes a key file's right to open the vault away.", result::changed, of_changing},
    {"account.add", on_admin, true, new_account, "Validates an API key at Kraken and saves it.", result::validation, of_validating},
    {"account.add_key", on_admin, true, further_key, "Gives a saved account another API key of the same account at Kraken.", result::validation, of_validating},
    {"account.replace_key", on_admin, true, another_key, "Puts a new API key in the place of a saved one.", result::replacement, of_validating},
    {"account.validate", on_admin, true, account_key, "Asks Kraken again whether saved keys are good.", result::validation, of_validating},
    {"account.remove", on_admin, true, account_key, "Removes an account, or one of its keys, from the vault.", result::removed, of_removing},
    {"nonce.import", on_admin, true, old_nonce, "Takes over the number in an old nonce file.", result::imported, of_importing},
    {"bot.add", on_admin, true, bot_and_grant, "Makes a bot, and a key in Kraken's shape that is shown this once.", result::bot_with_key, of_granting},
    {"bot.change", on_admin, true, bot_and_grant, "What a bot may do from now on.", result::bot, of_granting},
    {"bot.rotate", on_admin, true, rotated_bot, "Makes a bot another key; the old one ends after a while.", result::bot_with_key, of_granting},
    {"bot.revoke", on_admin, true, one_bot, "Removes a bot and its keys, at once.", result::revoked, of_granting},
    {"bot.list", on_admin, false, none, "The bots and what they may do.", result::bots, of_showing_grants},
    {"bot.show", on_admin, false, one_bot, "One of them.", result::bot, of_showing_grants},
    {"grant.set", on_admin, true, holder_and_grant, "What a user or the members of a group may do from now on.", result::granted, of_granting},
    {"grant.remove", on_admin, true, one_holder, "Removes such a grant.", result::removed, of_granting},
    {"grant.list", on_admin, false, none, "What users and groups may do.", result::grants, of_showing_grants},
    {"freeze", on_admin, true, freezing, "From now on nothing but reads and cancels, until thaw; over restarts.", result::frozen, of_freezing},
    {"thaw", on_admin, true, thawing, "Ends a freeze.", result::thawed, of_granting},
    {"audit.tail", on_admin, false, audit_rows, "Who had what done, and what came of it, oldest first.", result::audit_rows, of_auditing},
    {"audit.verify", on_admin, false, none, "Whether each row of the audit follows from the one before.", result::audit_verdict, of_auditing},
    {"reload", on_admin, true, none, "Reads the configuration again.", result::reloaded, no_more},
    {"shutdown", on_admin, true, none, "Drains and ends the daemon.", result::yes, no_more},
});
// clang-format on

}  // namespace

std::span<const Method> methods() {
    return table;
}

std::span<const ErrorCode> common_errors() {
    return every_method;
}

const Method* find_method(std::string_view name) {
    const auto found = std::ranges::find(table, name, &Method::name);
    return found == table.end() ? nullptr : &*found;
}

bool is_served(const Method& method, SocketKind socket) {
    return method.served == on_both || (method.served == on_client) == (socket == SocketKind::client);
}

}  // namespace krakken::protocol
