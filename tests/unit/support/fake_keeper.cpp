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
    for (const auto& [key, info] : saved) {
        if (key == id || info.account == candidate.account)
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
    const auto found = saved.find(key);
    if (found == saved.end()) co_return fail(ErrorCode::no_credentials, "no such key");
    found->second.validated_at = when;
    co_return Result<void>();
}

FakeKeeper::Done FakeKeeper::remove(base::KeyId key) {
    if (saved.erase(key) == 0) co_return fail(ErrorCode::no_credentials, "no such key");
    co_return Result<void>();
}

std::vector<KeyInfo> FakeKeeper::list() const {
    std::vector<KeyInfo> all;
    if (vault != VaultState::unlocked) return all;
    for (const auto& [key, info] : saved)
        all.push_back(info);
    std::ranges::sort(all, {}, &KeyInfo::account);
    return all;
}

boost::asio::awaitable<Result<keeper::SignedRequest>> FakeKeeper::sign(
    base::KeyId key, std::string signed_path, base::Nonce nonce, std::string body, base::BodyForm
) {
    if (vault != VaultState::unlocked) co_return fail(ErrorCode::locked, "the vault is locked");
    if (!saved.contains(key) && !staged.contains(key))
        co_return fail(ErrorCode::no_credentials, "no such key");
    co_return keeper::SignedRequest{key.hex(), "signed " + signed_path + ' ' + nonce.text(), std::move(body)};
}

}  // namespace krakken::test
