#include "support/fake_keeper.hpp"

#include <algorithm>

namespace krakken::test {

using keeper::KeyInfo;
using keeper::SecretText;
using keeper::VaultState;
using protocol::ErrorCode;
using protocol::fail;
using protocol::Result;

void FakeKeeper::hold(std::string_view account, std::string_view key) {
    const base::KeyId id{std::string(key)};
    saved.insert_or_assign(
        id, KeyInfo{.account = *base::AccountName::parse(account), .key = id, .validated_at = std::nullopt}
    );
}

void FakeKeeper::hold_environment(std::string_view account, std::string_view key) {
    const auto name = *base::AccountName::parse(account);
    environment.insert_or_assign(
        name,
        KeyInfo{
            .account = name,
            .key = base::KeyId{std::string(key)},
            .validated_at = std::nullopt,
            .source = keeper::Source::environment,
        }
    );
}

bool FakeKeeper::from_environment(const base::AccountName& account) const {
    return environment.contains(account) || wiped.contains(account);
}

const KeyInfo* FakeKeeper::find_environment(const base::KeyId& key) const {
    const auto found =
        std::ranges::find(environment, key, [](const auto& entry) { return entry.second.key; });
    return found == environment.end() ? nullptr : &found->second;
}

VaultState FakeKeeper::state() const {
    if (vault != VaultState::uninitialized) return vault;
    if (!environment.empty()) return VaultState::unlocked;
    return wiped.empty() ? VaultState::uninitialized : VaultState::locked;
}

FakeKeeper::Done FakeKeeper::create(SecretText text) {
    if (vault != VaultState::uninitialized)
        co_return std::unexpected(
            protocol::make_error(ErrorCode::vault, "there is one").with("reason", "exists")
        );
    passphrase = text.use([](std::string_view plain) { return std::string(plain); });
    vault = VaultState::unlocked;
    co_return Result<void>();
}

FakeKeeper::Done FakeKeeper::unlock(SecretText text) {
    const bool right = text.use([this](std::string_view plain) { return plain == passphrase; });
    if (!right) co_return fail(ErrorCode::passphrase, "wrong passphrase or corrupted secrets file");
    vault = VaultState::unlocked;
    co_return Result<void>();
}

FakeKeeper::Done FakeKeeper::unlock_with_key_file(std::filesystem::path) {
    vault = VaultState::unlocked;
    co_return Result<void>();
}

void FakeKeeper::lock() {
    if (vault == VaultState::unlocked) vault = VaultState::locked;
    staged.clear();
    for (const auto& [account, info] : environment)
        wiped.insert(account);
    environment.clear();
}

FakeKeeper::Done FakeKeeper::change_passphrase(SecretText, SecretText) {
    co_return Result<void>();
}

FakeKeeper::Done FakeKeeper::add_key_file(SecretText, std::filesystem::path) {
    co_return Result<void>();
}

FakeKeeper::Done FakeKeeper::remove_key_file(SecretText, std::filesystem::path) {
    co_return Result<void>();
}

boost::asio::awaitable<Result<keeper::StagedKey>> FakeKeeper::stage(keeper::NewKey candidate) {
    const base::KeyId id(candidate.api_key.use([](std::string_view text) { return std::string(text); }));
    if (from_environment(candidate.account))
        co_return std::unexpected(
            protocol::make_error(ErrorCode::invalid_params, "the key comes from the environment")
                .with("reason", "environment")
        );
    if (vault != VaultState::unlocked) co_return fail(ErrorCode::locked, "the vault is not open");
    if (find_environment(id) != nullptr)
        co_return std::unexpected(
            protocol::make_error(ErrorCode::invalid_params, "it exists").with("reason", "exists")
        );
    const bool is_there =
        std::ranges::any_of(saved, [&](const auto& key) { return key.second.account == candidate.account; });
    if (candidate.joins && !is_there) co_return fail(ErrorCode::unknown_account, "no such account");
    for (const auto& [key, info] : saved) {
        if (key == id || (info.account == candidate.account && !candidate.joins))
            co_return std::unexpected(
                protocol::make_error(ErrorCode::invalid_params, "it exists").with("reason", "exists")
            );
    }
    staged.insert_or_assign(
        id,
        KeyInfo{
            .account = candidate.account,
            .key = id,
            .tier = candidate.tier,
            .has_otp = candidate.otp.has_value(),
            .validated_at = std::nullopt
        }
    );
    co_return keeper::StagedKey{id, warnings};
}

FakeKeeper::Done FakeKeeper::commit(base::KeyId key, std::optional<base::Time> validated_at) {
    if (commits_fail) co_return fail(ErrorCode::vault, "cannot be written");
    const auto found = staged.find(key);
    if (found == staged.end()) co_return fail(ErrorCode::locked, "the vault was locked meanwhile");
    KeyInfo info = found->second;
    info.validated_at = validated_at;
    saved.insert_or_assign(key, info);
    staged.erase(found);
    co_return Result<void>();
}

FakeKeeper::Done FakeKeeper::mark_validated(base::KeyId key, base::Time when) {
    for (auto& [account, info] : environment) {
        if (info.key != key) continue;
        info.validated_at = when;
        co_return Result<void>();
    }
    const auto found = saved.find(key);
    if (found == saved.end()) co_return fail(ErrorCode::no_credentials, "no such key");
    found->second.validated_at = when;
    co_return Result<void>();
}

FakeKeeper::Done FakeKeeper::remove(base::KeyId key) {
    if (removals_fail) co_return fail(ErrorCode::vault, "cannot be written");
    if (saved.erase(key) == 0) co_return fail(ErrorCode::no_credentials, "no such key");
    co_return Result<void>();
}

std::vector<KeyInfo> FakeKeeper::list() const {
    const bool open = vault == VaultState::unlocked;
    std::vector<KeyInfo> all;
    for (const auto& [account, info] : environment) {
        all.push_back(info);
        all.back().hides_vault_entry = open && std::ranges::any_of(saved, [&](const auto& entry) {
                                           return entry.second.account == account;
                                       });
    }
    if (!open) return all;
    for (const auto& [key, info] : saved) {
        if (!from_environment(info.account)) all.push_back(info);
    }
    std::ranges::sort(all, {}, &KeyInfo::account);
    return all;
}

boost::asio::awaitable<Result<keeper::SignedRequest>> FakeKeeper::sign(
    base::KeyId key, std::string signed_path, base::Nonce nonce, std::string body, base::BodyForm
) {
    const bool known = find_environment(key) != nullptr;
    if (!known && vault != VaultState::unlocked) co_return fail(ErrorCode::locked, "the vault is locked");
    if (!known && !saved.contains(key) && !staged.contains(key))
        co_return fail(ErrorCode::no_credentials, "no such key");
    co_return keeper::SignedRequest{key.hex(), "signed " + signed_path + ' ' + nonce.text(), std::move(body)};
}

FakeKeeper::Done FakeKeeper::save_grant(std::string holder, std::string grant, std::optional<std::string>) {
    if (vault != VaultState::unlocked) co_return fail(ErrorCode::locked, "the vault is locked");
    const auto found = std::ranges::find(granted, holder, &keeper::GrantInfo::holder);
    if (found == granted.end()) {
        granted.push_back({std::move(holder), std::move(grant), {}});
    } else {
        found->grant = std::move(grant);
    }
    co_return Result<void>();
}

boost::asio::awaitable<Result<keeper::BotCredentials>> FakeKeeper::make_bot_key(
    std::string bot, std::string grant, base::Time earlier_end_at, std::optional<std::string> before
) {
    const auto saved_grant = co_await save_grant(bot, std::move(grant), std::move(before));
    if (!saved_grant) co_return std::unexpected(saved_grant.error());
    const auto found = std::ranges::find(granted, bot, &keeper::GrantInfo::holder);
    for (auto& key : found->keys)
        key.ends_at = earlier_end_at;
    const base::KeyId key("0000000" + std::to_string(found->keys.size()));
    found->keys.push_back({key, {}});
    co_return keeper::BotCredentials{
        key, keeper::SecretText::copy_of(bot), keeper::SecretText::copy_of("secret of " + bot)
    };
}

FakeKeeper::Done FakeKeeper::remove_grant(std::string holder) {
    const auto gone = std::erase_if(granted, [&holder](const auto& each) { return each.holder == holder; });
    if (gone == 0) co_return fail(ErrorCode::invalid_params, "there is no such bot or grant");
    co_return Result<void>();
}

boost::asio::awaitable<Result<keeper::VerifiedBot>> FakeKeeper::verify_bot(keeper::BotRequest request) {
    const auto found = std::ranges::find(granted, request.api_key, &keeper::GrantInfo::holder);
    const auto refused = [](std::string_view reason) {
        return std::unexpected(
            protocol::make_error(ErrorCode::auth, "not this bot").with("reason", boost::json::string(reason))
        );
    };
    if (found == granted.end()) co_return refused(keeper::unknown_bot);
    if (request.signature != "signed by " + request.api_key) co_return refused(keeper::bad_signature);
    co_return keeper::VerifiedBot{request.api_key, found->keys.back().key};
}

}  // namespace krakken::test
