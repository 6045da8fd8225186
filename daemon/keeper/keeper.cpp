#include "keeper/keeper.hpp"

#include "bot_keys.hpp"
#include "candidate.hpp"
#include "contents.hpp"
#include "environment_accounts.hpp"
#include "signer.hpp"
#include "turns.hpp"
#include "vault_crypto.hpp"
#include "vault_operations.hpp"
#include "vault_store.hpp"

#include <fmt/format.h>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace krakken::keeper {

namespace asio = boost::asio;
using base::SecretBytes;
using protocol::ErrorCode;
using protocol::fail;
using Path = std::filesystem::path;

namespace {

constexpr std::size_t max_keys = 256;  // saved and staged: a bound for locked memory
constexpr std::size_t max_grants = 256;

std::unexpected<protocol::Error> exists(std::string message) {
    return std::unexpected(
        protocol::make_error(ErrorCode::invalid_params, std::move(message)).with("reason", "exists")
    );
}

class VaultKeeper final : public Keeper {
public:
    VaultKeeper(asio::any_io_executor executor, const base::Clock& clock, KeeperSettings settings)
        : clock_(clock),
          settings_(std::move(settings)),
          turns_(std::move(executor)),
          environment_(std::move(settings_.environment)),
          signer_(clock) {}

    VaultState state() const override {
        if (open_) return VaultState::unlocked;
        if (file_exists()) return VaultState::locked;
        if (environment_.known().empty()) return VaultState::uninitialized;
        return environment_.wiped() ? VaultState::locked : VaultState::unlocked;
    }

    bool vault_is_open() const override { return open_.has_value(); }

    bool vault_exists() const override { return open_ || file_exists(); }

    bool needs_restart(const base::AccountName& account) const override {
        return environment_.wiped() && environment_.find(account) != nullptr;
    }

    const Path& vault_path() const override { return settings_.vault_file; }

    awaitable<Result<void>> create(SecretText passphrase) override {
        if (passphrase.empty()) co_return fail(ErrorCode::invalid_params, "the passphrase is empty");
        auto job = [file = settings_.vault_file,
                    cost = kdf_parameters(settings_.cost),
                    now = clock_.now(),
                    passphrase = std::move(passphrase)] {
            return create_with_passphrase(file, passphrase, cost, now);
        };
        auto done = co_await open_by(std::move(job), WhenDone::open);
        co_return done;
    }

    awaitable<Result<void>> unlock(SecretText passphrase) override {
        auto job = [file = settings_.vault_file, passphrase = std::move(passphrase)] {
            return open_with_passphrase(file, passphrase);
        };
        auto done = co_await open_by(std::move(job), WhenDone::open);
        co_return done;
    }

    awaitable<Result<void>> unlock_with_key_file(Path key_file) override {
        auto job = [file = settings_.vault_file, key_file] { return open_with_key_file(file, key_file); };
        auto done = co_await open_by(std::move(job), WhenDone::open);
        co_return done;
    }

    void lock() override {
        ++locks_;
        open_.reset();
        staged_.clear();
        environment_.wipe();
    }

    awaitable<void> idle() override { co_await turns_.wait_for_others(); }

    awaitable<Result<void>> change_passphrase(SecretText old_passphrase, SecretText new_passphrase) override {
        if (new_passphrase.empty()) co_return fail(ErrorCode::invalid_params, "the new passphrase is empty");
        auto job = [file = settings_.vault_file,
                    cost = kdf_parameters(settings_.cost),
                    now = clock_.now(),
                    old_one = std::move(old_passphrase),
                    new_one = std::move(new_passphrase)] {
            return replace_passphrase(file, old_one, new_one, cost, now);
        };
        auto done = co_await open_by(std::move(job), WhenDone::stay);
        co_return done;
    }

    awaitable<Result<void>> add_key_file(SecretText passphrase, Path key_file) override {
        auto job =
            [file = settings_.vault_file, now = clock_.now(), key_file, passphrase = std::move(passphrase)] {
                return add_key_file_slot(file, passphrase, key_file, now);
            };
        auto done = co_await open_by(std::move(job), WhenDone::stay);
        co_return done;
    }

    awaitable<Result<void>> remove_key_file(SecretText passphrase, Path key_file) override {
        auto job =
            [file = settings_.vault_file, now = clock_.now(), key_file, passphrase = std::move(passphrase)] {
                return remove_key_file_slot(file, passphrase, key_file, now);
            };
        auto done = co_await open_by(std::move(job), WhenDone::stay);
        co_return done;
    }

    awaitable<Result<StagedKey>> stage(NewKey candidate) override { co_return stage_now(candidate); }

    awaitable<Result<void>> commit(base::KeyId key, std::optional<base::Time> validated_at) override {
        const auto turn = co_await turns_.take();
        if (!turn) co_return std::unexpected(turn.error());
        if (!open_) co_return vault_not_open();
        const auto staged = staged_.find(key);
        if (staged == staged_.end()) co_return unknown_key(key);
        // The vault may have been opened again, from a changed file, since the key was staged.
        if (auto is_new = check_new(staged->second, open_->contents); !is_new) co_return is_new;
        auto saved = co_await save(open_->contents.with(staged->second.contents, validated_at));
        if (saved) staged_.erase(key);
        co_return saved;
    }

    void discard(base::KeyId key) override { staged_.erase(key); }

    awaitable<Result<void>> mark_validated(base::KeyId key, base::Time when) override {
        const bool marked = environment_.mark_validated(key, when);
        if (marked && saved_key(key) == nullptr) co_return Result<void>{};
        const auto turn = co_await turns_.take();
        if (!turn) co_return std::unexpected(turn.error());
        if (!open_) co_return vault_not_open();
        if (saved_key(key) == nullptr) co_return unknown_key(key);
        auto saved = co_await save(open_->contents.with_validation(key, when));
        co_return saved;
    }

    awaitable<Result<void>> remove(base::KeyId key) override {
        const auto turn = co_await turns_.take();
        if (!turn) co_return std::unexpected(turn.error());
        const KeyInfo* of_environment = environment_.find(key);
        if (of_environment != nullptr && saved_key(key) == nullptr)
            co_return std::unexpected(environment_error(of_environment->account));
        if (!open_) co_return vault_not_open();
        if (saved_key(key) == nullptr) co_return unknown_key(key);
        auto saved = co_await save(open_->contents.without(key));
        co_return saved;
    }

    std::vector<KeyInfo> list() const override {
        std::vector<KeyInfo> keys;
        if (!environment_.wiped()) keys = environment_.known();
        if (!open_) return keys;
        for (KeyInfo& info : keys)
            info.hides_vault_entry = open_->contents.find(info.account) != nullptr;
        std::vector<KeyInfo> saved;
        for (const StoredKey& stored : open_->contents.keys()) {
            if (!hidden(stored)) saved.push_back(stored.info);
        }
        std::vector<KeyInfo> all;
        std::ranges::merge(keys, saved, std::back_inserter(all), {}, &KeyInfo::account, &KeyInfo::account);
        return all;
    }

    awaitable<Result<SignedRequest>> sign(
        base::KeyId key, std::string path, base::Nonce nonce, std::string body, BodyForm form
    ) override {
        co_return sign_now(key, path, nonce, std::move(body), form);
    }

    std::vector<GrantInfo> grants() const override {
        return open_ ? grants_of(open_->contents) : std::vector<GrantInfo>();
    }

    awaitable<Result<void>> save_grant(
        std::string holder, std::string grant, std::optional<std::string> before
    ) override {
        const auto turn = co_await turns_.take();
        if (!turn) co_return std::unexpected(turn.error());
        const RecordsMore more = before ? RecordsMore::none : RecordsMore::one;
        if (auto fits = check_grant(holder, grant, before, more); !fits) co_return fits;
        auto saved = co_await save(open_->contents.with_grant(holder, grant), version_with_grants);
        co_return saved;
    }

    awaitable<Result<BotCredentials>> make_bot_key(
        std::string bot, std::string grant, base::Time earlier_end_at, std::optional<std::string> before
    ) override {
        const auto turn = co_await turns_.take();
        if (!turn) co_return std::unexpected(turn.error());
        if (auto fits = check_grant(bot, grant, before, RecordsMore::one); !fits)
            co_return std::unexpected(std::move(fits.error()));
        const NewBotKey key;
        auto content = key.use([&](const BotKeyParts& parts) {
            return open_->contents.with_bot_key(bot, grant, parts, clock_.now(), earlier_end_at);
        });
        auto saved = co_await save(std::move(content), version_with_grants);
        if (!saved) co_return std::unexpected(std::move(saved.error()));
        co_return key.credentials();
    }

    awaitable<Result<void>> remove_grant(std::string holder) override {
        const auto turn = co_await turns_.take();
        if (!turn) co_return std::unexpected(turn.error());
        if (!open_) co_return vault_not_open();
        if (std::ranges::find(open_->contents.grants(), holder, &StoredGrant::holder) ==
            open_->contents.grants().end())
            co_return fail(ErrorCode::invalid_params, "there is no such bot or grant");
        auto saved = co_await save(open_->contents.without_grant(holder), version_with_grants);
        co_return saved;
    }

    awaitable<Result<VerifiedBot>> verify_bot(BotRequest request) override {
        if (!open_) co_return vault_not_open();
        co_return keeper::verify_bot(open_->contents, request, clock_.now());
    }

private:
    // What is open; all secrets of it in two blocks of protected memory.
    struct Open {
        LoadedVault vault;
        Contents contents;
    };

    // What becomes of a vault that an operation had to open: it is open from now on, or it stays as it was.
    enum class WhenDone { open, stay };

    // Runs a job that opens the vault file on the keeper's thread, and takes over what it opened.
    template <class Job>
    awaitable<Result<void>> open_by(Job job, WhenDone when_done) {
        const auto turn = co_await turns_.take();
        if (!turn) co_return std::unexpected(turn.error());
        const auto locks_before = locks_;
        auto loaded = co_await run_on(pool_, std::move(job));
        if (!loaded) co_return std::unexpected(std::move(loaded.error()));
        // Locked while the key was derived: the later word counts, and nothing is opened behind its back.
        if (locks_ != locks_before) {
            if (when_done == WhenDone::open) co_return vault_not_open();
            co_return Result<void>{};
        }
        if (when_done == WhenDone::stay && !open_) co_return Result<void>{};
        co_return adopt(std::move(*loaded));
    }

    Result<void> adopt(LoadedVault vault) {
        auto content = open_content(vault.image, vault.header, vault.data_key);
        if (!content) return std::unexpected(std::move(content.error()));
        auto contents = Contents::parse(std::move(*content));
        if (!contents) return std::unexpected(std::move(contents.error()));
        open_.emplace(std::move(vault), std::move(*contents));
        return {};
    }

    // Saves new content of the open vault; the caller has the turn. The plain content is gone before anything
    // is awaited, so that lock() finds all there is to wipe in this object. A version once reached stays.
    awaitable<Result<void>> save(SecretBytes content, std::uint16_t version = version_without_grants) {
        VaultHeader next = open_->vault.header;
        next.version = std::max(next.version, version);
        auto image = next_image(std::move(next), open_->vault.data_key, content, clock_.now());
        content = SecretBytes();
        if (!image) co_return std::unexpected(std::move(image.error()));
        const auto locks_before = locks_;
        auto job = [file = settings_.vault_file,
                    loaded = open_->vault.image,
                    epoch = open_->vault.header.epoch,
                    image = *image] { return save_vault(file, loaded, epoch, image); };
        auto saved = co_await run_on(pool_, std::move(job));
        if (!saved || locks_ != locks_before) co_return saved;
        auto header = read_header(*image);
        if (!header) co_return std::unexpected(std::move(header.error()));
        co_return adopt({std::move(*image), std::move(*header), std::move(open_->vault.data_key)});
    }

    enum class RecordsMore { none, one };

    Result<void> check_grant(
        const std::string& holder,
        std::string_view grant,
        const std::optional<std::string>& before,
        RecordsMore more
    ) const {
        if (!open_) return vault_not_open();
        const auto& grants = open_->contents.grants();
        const auto now = std::ranges::find(grants, holder, &StoredGrant::holder);
        const bool is_as_before = now == grants.end() ? !before : before == now->grant;
        if (!is_as_before)
            return std::unexpected(protocol::make_error(
                                       ErrorCode::invalid_params,
                                       "what is granted has changed meanwhile; nothing was changed now"
            )
                                       .with("reason", "changed")
                                       .with_remedy("look at it again, and repeat what is still wanted"));
        if (grant.size() > max_grant_bytes) return fail(ErrorCode::invalid_params, "the grant is too long");
        if (more == RecordsMore::one && grants.size() >= max_grants)
            return fail(ErrorCode::invalid_params, "there is no room for another grant; remove some");
        return {};
    }

    // Whether an account of the environment has the name of this saved one.
    bool hidden(const StoredKey& stored) const { return environment_.find(stored.info.account) != nullptr; }

    // A key of the open vault that can be used; hidden ones cannot.
    const StoredKey* saved_key(const base::KeyId& key) const {
        const StoredKey* stored = open_ ? open_->contents.find(key) : nullptr;
        return stored != nullptr && !hidden(*stored) ? stored : nullptr;
    }

    Result<StagedKey> stage_now(const NewKey& key) {
        if (environment_.find(key.account) != nullptr) return std::unexpected(environment_error(key.account));
        if (!open_) return vault_not_open();
        auto candidate = make_candidate(key);
        if (!candidate) return std::unexpected(std::move(candidate.error()));
        const KeyInfo info = candidate->info();
        if (const KeyInfo* held = environment_.find(info.key)) return held_as(held->account);
        if (auto is_new = check_new(*candidate, open_->contents); !is_new)
            return std::unexpected(std::move(is_new.error()));
        if (auto is_apart = check_apart(*candidate); !is_apart)
            return std::unexpected(std::move(is_apart.error()));
        if (open_->contents.keys().size() + staged_.size() >= max_keys)
            return fail(ErrorCode::invalid_params, fmt::format("the vault holds {} keys at most", max_keys));
        StagedKey staged{.key = info.key, .warnings = candidate->warnings};
        staged_.emplace(info.key, std::move(*candidate));
        return staged;
    }

    // Against what is saved.
    static Result<void> check_new(const Candidate& candidate, const Contents& saved) {
        const KeyInfo& info = candidate.info();
        const bool account_is_there = saved.find(info.account) != nullptr;
        if (account_is_there && !candidate.joins) return account_exists(info.account);
        if (!account_is_there && candidate.joins)
            return fail(
                ErrorCode::unknown_account, fmt::format("the vault holds no account {}", info.account.text())
            );
        if (const StoredKey* stored = saved.find(info.key)) return held_as(stored->info.account);
        return {};
    }

    // Against what is staged; several may be on their way to one account.
    Result<void> check_apart(const Candidate& candidate) const {
        const KeyInfo& info = candidate.info();
        for (const auto& [key, other] : staged_) {
            const base::AccountName& account = other.info().account;
            if (account == info.account && !candidate.joins) return account_exists(account);
            if (key == info.key) return held_as(account);
        }
        return {};
    }

    static std::unexpected<protocol::Error> account_exists(const base::AccountName& account) {
        return exists(fmt::format("there is an account {} already", account.text()));
    }

    static std::unexpected<protocol::Error> held_as(const base::AccountName& account) {
        return exists(fmt::format("that API key is held under the name {}", account.text()));
    }

    Result<SignedRequest> sign_now(
        const base::KeyId& key, std::string_view path, base::Nonce nonce, std::string body, BodyForm form
    ) {
        const Contents* contents = contents_with(key);
        if (contents == nullptr) return cannot_sign(key);
        return signer_.sign(*contents, *contents->find(key), path, nonce, std::move(body), form);
    }

    // Where a key that can sign is. One that is there from both sources has one secret at Kraken, but only a
    // saved one can have the one-time password that it may need.
    const Contents* contents_with(const base::KeyId& key) const {
        if (const auto staged = staged_.find(key); staged != staged_.end()) return &staged->second.contents;
        if (saved_key(key) != nullptr) return &open_->contents;
        return environment_.open().find(key) != nullptr ? &environment_.open() : nullptr;
    }

    std::unexpected<protocol::Error> cannot_sign(const base::KeyId& key) const {
        if (environment_.wiped() && environment_.find(key) != nullptr)
            return std::unexpected(protocol::wiped_error());
        if (state() == VaultState::unlocked) return unknown_key(key);
        return vault_not_open();
    }

    bool file_exists() const {
        std::error_code error;
        return std::filesystem::exists(std::filesystem::symlink_status(settings_.vault_file, error));
    }

    std::unexpected<protocol::Error> vault_not_open() const {
        return std::unexpected(protocol::locked_error(vault_exists()));
    }

    static std::unexpected<protocol::Error> unknown_key(const base::KeyId& key) {
        return fail(ErrorCode::no_credentials, fmt::format("there is no key {}", key.hex()));
    }

    const base::Clock& clock_;
    KeeperSettings settings_;
    Turns turns_;
    EnvironmentAccounts environment_;
    std::optional<Open> open_;
    std::map<base::KeyId, Candidate> staged_;
    Signer signer_;
    std::uint64_t locks_ = 0;    // how often lock() was called
    asio::thread_pool pool_{1};  // last: its thread ends before anything else goes
};

}  // namespace

std::unique_ptr<Keeper> make_keeper(
    asio::any_io_executor executor, const base::Clock& clock, KeeperSettings settings
) {
    return std::make_unique<VaultKeeper>(std::move(executor), clock, std::move(settings));
}

}  // namespace krakken::keeper
