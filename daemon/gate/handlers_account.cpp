// The methods of the admin socket that add, check and remove an account's key, and take over its old nonce.

#include "handlers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace krakken::gate {

namespace json = boost::json;
using account::SavePolicy;
using account::Validation;
using protocol::ErrorCode;
using protocol::fail;

namespace {

json::array texts(const std::vector<std::string>& list) {
    return json::array(list.begin(), list.end());
}

std::string show(const Validation& validation) {
    json::object shown{
        {"name", validation.account.text()},
        {"key", validation.key.hex()},
        {"validated", validation.validated},
        {"saved", validation.saved},
    };
    if (validation.permissions) shown["permissions"] = texts(*validation.permissions);
    shown["warnings"] = texts(validation.warnings);
    return json::serialize(shown);
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

// A validation that names a key must name the account's.
Result<void> check_key(
    Backend& backend, const base::AccountName& name, const std::optional<std::string>& key
) {
    const auto account = backend.accounts.find(name.text());
    if (!account) return std::unexpected(account.error());
    if (!key || (*account)->info().key.hex() == *key) return {};
    return fail(ErrorCode::invalid_params, "the account has no such key; see: krakkenctl account list");
}

Work add(Backend& backend, keeper::NewKey candidate, SavePolicy policy) {
    const auto validation = co_await backend.accounts.add(std::move(candidate), policy);
    if (!validation) co_return std::unexpected(validation.error());
    backend.changes.happened();
    co_return show(*validation);
}

Work validate(Backend& backend, base::AccountName name) {
    const auto validation = co_await backend.accounts.validate(name);
    if (!validation) co_return std::unexpected(validation.error());
    backend.changes.happened();
    co_return show(*validation);
}

Work remove(Backend& backend, base::AccountName name) {
    const auto removed = co_await backend.accounts.remove(name);
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
    keeper::NewKey candidate{
        std::move(*name),
        arguments.secret("api_key"),
        arguments.secret("api_secret"),
        std::nullopt,
        *base::parse_tier(*arguments.text("tier"))
    };
    if (arguments.has("otp")) candidate.otp = arguments.secret("otp");
    return add(backend, std::move(candidate), read_policy(*arguments.text("save")));
}

Handled handle_account_validate(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    if (auto ok = check_key(backend, *name, arguments.text("key")); !ok)
        return std::unexpected(std::move(ok.error()));
    return validate(backend, std::move(*name));
}

Handled handle_account_remove(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_name(arguments);
    if (!name) return std::unexpected(std::move(name.error()));
    if (auto ok = check_key(backend, *name, arguments.text("key")); !ok)
        return std::unexpected(std::move(ok.error()));
    return remove(backend, std::move(*name));
}

Handled handle_nonce_import(Backend& backend, const Arguments& arguments, const Context&) {
    auto name = read_name(arguments, "account");
    if (!name) return std::unexpected(std::move(name.error()));
    return import_nonce(backend, std::move(*name), *arguments.text("file"));
}

}  // namespace krakken::gate
