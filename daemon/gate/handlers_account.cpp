// The methods of the admin socket that add, replace, check and remove an account's keys, and take over an old
// nonce.

#include "handlers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <set>
#include <utility>

namespace krakken::gate {

namespace json = boost::json;
using account::Replacement;
using account::SavePolicy;
using account::Validation;
using protocol::ErrorCode;
using protocol::fail;

namespace {

json::array texts(const std::vector<std::string>& list) {
    return json::array(list.begin(), list.end());
}

json::object show(const Validation& validation) {
    json::object shown{
        {"name", validation.account.text()},
        {"key", validation.key.hex()},
        {"validated", validation.validated},
        {"saved", validation.saved},
    };
    if (validation.permissions) shown["permissions"] = texts(*validation.permissions);
    shown["warnings"] = texts(validation.warnings);
    return shown;
}

json::object show(const Replacement& replacement) {
    json::object shown = show(replacement.validation);
    json::object retired{{"key", replacement.retired.hex()}};
    const std::string& name = replacement.retired_name;
    if (!name.empty()) retired["name_at_kraken"] = name;
    shown["retired"] = std::move(retired);
    shown["remedy"] = "delete the old key at Kraken" + (name.empty() ? "" : ", it is called " + name) +
                      ": krakkend uses it no more";
    return shown;
}

// All of an account, as one: it may what one of its keys may.
Validation joined(const std::vector<Validation>& validations) {
    Validation all = validations.front();
    all.warnings.clear();
    std::set<std::string> permissions;
    for (const Validation& one : validations) {
        for (const std::string& warning : one.warnings)
            all.warnings.push_back("key " + one.key.hex() + ": " + warning);
        if (one.permissions) permissions.insert(one.permissions->begin(), one.permissions->end());
    }
    if (!permissions.empty()) all.permissions.emplace(permissions.begin(), permissions.end());
    return all;
}

// Validations of one account, at least one.
json::object show(const std::vector<Validation>& validations) {
    if (validations.size() == 1) return show(validations.front());
    json::object shown = show(joined(validations));
    json::array keys;
    for (const Validation& validation : validations) {
        json::object key{{"key", validation.key.hex()}};
        if (validation.permissions) key["permissions"] = texts(*validation.permissions);
        key["warnings"] = texts(validation.warnings);
        keys.push_back(std::move(key));
    }
    shown["keys"] = std::move(keys);
    return shown;
}

Result<base::AccountName> read_name(const Arguments& arguments, std::string_view parameter = "name") {
    if (auto name = base::AccountName::parse(*arguments.text(parameter))) return std::move(*name);
    return fail(ErrorCode::invalid_params, "an account's name is 1 to 64 characters of a-z, 0-9, _ and -");
}

SavePolicy read_policy(std::string_view text) {
    if (text == "unvalidated") return SavePolicy::unvalidated;
    if (text == "anyway") return SavePolicy::anyway;
    return SavePolicy::validated;
}

std::optional<base::KeyId> read_key(const Arguments& arguments) {
    const auto text = arguments.text("key");
    return text ? std::optional(base::KeyId(*text)) : std::nullopt;
}

keeper::NewKey read_candidate(const Arguments& arguments, base::AccountName name) {
    keeper::NewKey candidate{
        std::move(name), arguments.secret("api_key"), arguments.secret("api_secret"), std::nullopt
    };
    if (arguments.has("otp")) candidate.otp = arguments.secret("otp");
    return candidate;
}

// What a change answers; who waits for changes is told of it.
template <class T>
Work answer(Backend& backend, awaitable<Result<T>> change) {
    const auto changed = co_await std::move(change);
    if (!changed) co_return std::unexpected(changed.error());
    backend.changes.happened();
    co_return json::serialize(show(*changed));
}

Work remove(Backend& backend, base::AccountName name, std::optional<base::KeyId> key) {
    const auto removed = co_await backend.accounts.remove(std::move(name), std::move(key));
    if (!removed) co_return std::unexpected(removed.error());
    backend.changes.happened();
    co_return R"({"removed":true})";
}

Work import_nonce(Backend& backend, base::AccountName name, std::string file) {
    const auto last = co_await backend.accounts.import_nonce(name, file);
    if (!last) co_return std::unexpected(last.error());
    co_return json::serialize(json::object{{"account", name.text()}, {"last", std::to_string(*last)}});
}

}  // namespace

Handled handle_account_add(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    keeper::NewKey candidate = read_candidate(arguments, std::move(*name));
    candidate.tier = *base::parse_tier(*arguments.text("tier"));
    return answer(backend, backend.accounts.add(std::move(candidate), read_policy(*arguments.text("save"))));
}

Handled handle_account_add_key(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    keeper::NewKey candidate = read_candidate(arguments, std::move(*name));
    const SavePolicy policy = read_policy(*arguments.text("save"));
    return answer(backend, backend.accounts.add_key(std::move(candidate), policy));
}

Handled handle_account_replace_key(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    keeper::NewKey candidate = read_candidate(arguments, std::move(*name));
    const SavePolicy policy = read_policy(*arguments.text("save"));
    return answer(backend, backend.accounts.replace_key(std::move(candidate), read_key(arguments), policy));
}

Handled handle_account_validate(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    return answer(backend, backend.accounts.validate(std::move(*name), read_key(arguments)));
}

Handled handle_account_remove(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    return remove(backend, std::move(*name), read_key(arguments));
}

Handled handle_nonce_import(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_name(arguments, "account");
    if (!name) return std::unexpected(std::move(name.error()));
    return import_nonce(backend, std::move(*name), *arguments.text("file"));
}

}  // namespace krakken::gate
