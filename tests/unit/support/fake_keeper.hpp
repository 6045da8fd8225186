#pragma once

// A keeper without secrets: keys are named by what the test says, signatures are plain words.

#include "keeper/keeper.hpp"

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::test {

class FakeKeeper final : public keeper::Keeper {
public:
    using Done = boost::asio::awaitable<protocol::Result<void>>;

    // A saved key; the account's name may stand for both.
    void hold(std::string_view account, std::string_view key);
    // A key that came with the environment, of an account that has no saved one or hides it.
    void hold_environment(std::string_view account, std::string_view key);

    keeper::VaultState state() const override;
    bool vault_is_open() const override { return vault == keeper::VaultState::unlocked; }
    bool vault_exists() const override { return vault != keeper::VaultState::uninitialized; }
    bool needs_restart(const base::AccountName& account) const override { return wiped.contains(account); }
    const std::filesystem::path& vault_path() const override { return path; }
    Done create(keeper::SecretText passphrase) override;
    Done unlock(keeper::SecretText passphrase) override;
    Done unlock_with_key_file(std::filesystem::path file) override;
    void lock() override;
    boost::asio::awaitable<void> idle() override { co_return; }
    Done change_passphrase(keeper::SecretText old_passphrase, keeper::SecretText new_passphrase) override;
    Done add_key_file(keeper::SecretText passphrase, std::filesystem::path file) override;
    Done remove_key_file(keeper::SecretText passphrase, std::filesystem::path file) override;
    boost::asio::awaitable<protocol::Result<keeper::StagedKey>> stage(keeper::NewKey candidate) override;
    Done commit(base::KeyId key, std::optional<base::Time> validated_at) override;
    void discard(base::KeyId key) override { staged.erase(key); }
    Done mark_validated(base::KeyId key, base::Time when) override;
    Done remove(base::KeyId key) override;
    std::vector<keeper::KeyInfo> list() const override;
    boost::asio::awaitable<protocol::Result<keeper::SignedRequest>> sign(
        base::KeyId key, std::string path, base::Nonce nonce, std::string body, base::BodyForm form
    ) override;

    std::vector<keeper::GrantInfo> grants() const override { return granted; }
    Done save_grant(std::string holder, std::string grant, std::optional<std::string> before) override;
    boost::asio::awaitable<protocol::Result<keeper::BotCredentials>> make_bot_key(
        std::string bot, std::string grant, base::Time earlier_end_at, std::optional<std::string> before
    ) override;
    Done remove_grant(std::string holder) override;
    // A bot's API key is its name, its signature "signed by NAME".
    boost::asio::awaitable<protocol::Result<keeper::VerifiedBot>> verify_bot(keeper::BotRequest request
    ) override;

    std::vector<keeper::GrantInfo> granted;
    keeper::VaultState vault = keeper::VaultState::unlocked;  // of the vault file alone
    std::filesystem::path path = "/nowhere/secrets.enc";
    std::string passphrase = "right";
    std::map<base::KeyId, keeper::KeyInfo> saved;
    std::map<base::KeyId, keeper::KeyInfo> staged;
    std::map<base::AccountName, keeper::KeyInfo> environment;
    std::vector<std::string> warnings;  // of the next staged key
    bool commits_fail = false;
    bool removals_fail = false;
    std::set<base::AccountName> wiped;  // environment accounts after a lock

private:
    bool from_environment(const base::AccountName& account) const;
    const keeper::KeyInfo* find_environment(const base::KeyId& key) const;
};

}  // namespace krakken::test
