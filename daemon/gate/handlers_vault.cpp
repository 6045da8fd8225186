// The methods of the admin socket that open, close and change the vault, and those that concern the whole
// daemon: reload, shutdown.

#include "base/log.hpp"
#include "handlers.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace krakken::gate {

using base::log;
using base::LogLevel;
using keeper::SecretText;
using protocol::ErrorCode;
using protocol::fail;

namespace {

Work create(Backend& backend, SecretText passphrase) {
    const auto created = co_await backend.keeper.create(std::move(passphrase));
    if (!created) co_return std::unexpected(created.error());
    log(LogLevel::info, "vault.created");
    backend.vault_opened();
    co_return R"({"created":true})";
}

std::string unlocked_text(Backend& backend) {
    return fmt::format(R"({{"state":"unlocked","accounts":{}}})", backend.accounts.list().size());
}

Result<std::string> finish_unlock(Backend& backend, bool was_open, const Result<void>& unlocked) {
    if (!unlocked) {
        log(LogLevel::warn, "vault.unlock_refused", {{"category", protocol::category(unlocked.error().code)}}
        );
        return std::unexpected(unlocked.error());
    }
    if (was_open) {
        backend.vault_read_anew();  // the file may hold other keys under the same names by now
    } else {
        backend.vault_opened();
    }
    return unlocked_text(backend);
}

Work unlock_with_passphrase(Backend& backend, SecretText passphrase) {
    const bool was_open = backend.keeper.vault_is_open();
    const auto unlocked = co_await backend.keeper.unlock(std::move(passphrase));
    co_return finish_unlock(backend, was_open, unlocked);
}

Work unlock_with_key_file(Backend& backend, std::string file) {
    const bool was_open = backend.keeper.vault_is_open();
    const auto unlocked = co_await backend.keeper.unlock_with_key_file(file);
    co_return finish_unlock(backend, was_open, unlocked);
}

// The keeper is told in every state: what is under way then opens nothing. Keys of the environment are there
// beside a locked vault, too.
void close_if_open(Backend& backend) {
    const bool was_open =
        backend.keeper.state() == keeper::VaultState::unlocked || !backend.keeper.list().empty();
    backend.keeper.lock();
    if (was_open) backend.vault_closed();
}

Work lock(Backend& backend) {
    close_if_open(backend);
    // An unlock that was asked for earlier must not outlive this answer with its passphrase, nor open the
    // vault after it.
    co_await backend.keeper.idle();
    close_if_open(backend);
    co_return R"({"state":"locked"})";
}

// This and the next two read the file anew, as unlock does.
Work change_passphrase(Backend& backend, SecretText old_passphrase, SecretText new_passphrase) {
    const auto changed =
        co_await backend.keeper.change_passphrase(std::move(old_passphrase), std::move(new_passphrase));
    if (!changed) co_return std::unexpected(changed.error());
    backend.vault_read_anew();
    log(LogLevel::info, "vault.passphrase_changed");
    co_return R"({"changed":true})";
}

Work add_key_file(Backend& backend, SecretText passphrase, std::string file) {
    const auto added = co_await backend.keeper.add_key_file(std::move(passphrase), file);
    if (!added) co_return std::unexpected(added.error());
    backend.vault_read_anew();
    log(LogLevel::info, "vault.key_file_added", {{"path", file}});
    co_return R"({"changed":true})";
}

Work remove_key_file(Backend& backend, SecretText passphrase, std::string file) {
    const auto removed = co_await backend.keeper.remove_key_file(std::move(passphrase), file);
    if (!removed) co_return std::unexpected(removed.error());
    backend.vault_read_anew();
    log(LogLevel::info, "vault.key_file_removed", {{"path", file}});
    co_return R"({"changed":true})";
}

}  // namespace

Handled handle_vault_create(Backend& backend, const Arguments& arguments, const Context&) {
    return create(backend, arguments.secret("passphrase"));
}

Handled handle_unlock(Backend& backend, const Arguments& arguments, const Context&) {
    if (arguments.has("passphrase") == arguments.has("key_file")) {
        return fail(ErrorCode::invalid_params, "unlock needs either passphrase or key_file");
    }
    if (auto file = arguments.text("key_file")) return unlock_with_key_file(backend, std::move(*file));
    return unlock_with_passphrase(backend, arguments.secret("passphrase"));
}

Handled handle_lock(Backend& backend, const Arguments&, const Context&) {
    return lock(backend);
}

Handled handle_change_passphrase(Backend& backend, const Arguments& arguments, const Context&) {
    return change_passphrase(backend, arguments.secret("old"), arguments.secret("new"));
}

Handled handle_add_key_file(Backend& backend, const Arguments& arguments, const Context&) {
    return add_key_file(backend, arguments.secret("passphrase"), *arguments.text("path"));
}

Handled handle_remove_key_file(Backend& backend, const Arguments& arguments, const Context&) {
    return remove_key_file(backend, arguments.secret("passphrase"), *arguments.text("path"));
}

Handled handle_reload(Backend& backend, const Arguments&, const Context&) {
    const auto reloaded = backend.reload();
    if (!reloaded) return std::unexpected(reloaded.error());
    const auto& waiting = reloaded->needs_restart;
    return Result<std::string>(boost::json::serialize(boost::json::object{
        {"reloaded", true},
        {"needs_restart", boost::json::array(waiting.begin(), waiting.end())},
    }));
}

Handled handle_shutdown(Backend& backend, const Arguments&, const Context&) {
    backend.shut_down();
    return Result<std::string>("true");
}

}  // namespace krakken::gate
