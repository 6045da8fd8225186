#pragma once

// The seam around every secret: a small asynchronous interface of values, as messages would be, because the
// keeper is to become a process of its own. Nobody outside this room holds the bytes of an API secret, a
// passphrase or an OTP seed.
//
// One object, used from the event loop's thread only. Key derivation (Argon2id, up to seconds) and file work
// run on the keeper's own thread; calls that change the vault are done one after another, in the order they
// were made; more than a few waiting ones are turned away (overloaded). It must outlive its calls.

#include "base/clock.hpp"
#include "base/types.hpp"
#include "keeper/environment_keys.hpp"
#include "keeper/passphrase.hpp"
#include "protocol/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::keeper {

using boost::asio::awaitable;
using protocol::Result;

enum class VaultState { uninitialized, locked, unlocked };

// Cost of opening the vault with a passphrase; libsodium's three published settings.
enum class KdfCost { interactive, moderate, sensitive };

enum class Source { vault, environment };

// What may be known of a key: everything but the key.
struct KeyInfo {
    base::AccountName account;
    base::KeyId key;
    base::Tier tier = base::Tier::intermediate;
    bool has_otp = false;
    std::optional<base::Time> validated_at;  // absent: saved without Kraken's word
    Source source = Source::vault;
    bool hides_vault_entry = false;  // an environment key before a saved one of the same account
};

// A key that a client wants to add. The strings live in protected memory and are wiped with it.
struct NewKey {
    base::AccountName account;
    SecretText api_key;
    SecretText api_secret;
    std::optional<SecretText> otp;  // a static password, or "totp:" and a base32 seed
    base::Tier tier = base::Tier::intermediate;
    bool joins = false;  // the saved keys of an account that is there; otherwise the account is new
};

struct StagedKey {
    base::KeyId key;
    std::vector<std::string> warnings;  // e.g. a secret that is not 64 bytes
};

// Who may do what, beside the keys of the vault. The keeper keeps the words of a grant and does not read
// them.
struct GrantInfo {
    struct BotKey {
        base::KeyId key;
        std::optional<base::Time> ends_at;  // it was replaced and may be used until then
    };
    std::string holder;        // a bot's name; or a user or group, which its name does not look like
    std::string grant;         // the gate's
    std::vector<BotKey> keys;  // a bot's, the latest at the end; none of others
};

// A bot's new key, in Kraken's shape. It is shown once and then known to the vault alone.
struct BotCredentials {
    base::KeyId key;
    SecretText api_key;
    SecretText api_secret;
};

// A private call as a bot has sent it.
struct BotRequest {
    std::string api_key;
    std::string signature;
    std::string path;
    std::string nonce;  // the text that stands in the body
    std::string body;
};

struct VerifiedBot {
    std::string bot;
    base::KeyId key;
};

// data.reason of an `auth` error of verify_bot.
inline constexpr std::string_view unknown_bot = "key";
inline constexpr std::string_view bad_signature = "signature";

using base::BodyForm;

// A request ready to be sent. The body is the exact bytes that were signed (with the OTP, where the key has
// one). api_key and body must not be logged.
struct SignedRequest {
    std::string api_key;    // header API-Key
    std::string signature;  // header API-Sign
    std::string body;
};

class Keeper {
public:
    virtual ~Keeper() = default;

    // As clients see it: with keys from the environment and no vault, there is nothing to unlock.
    virtual VaultState state() const = 0;
    // Whether keys can be saved: the vault file itself is open.
    virtual bool vault_is_open() const = 0;
    // Whether there is a vault, open or not.
    virtual bool vault_exists() const = 0;
    // The account's key came with the environment and was wiped by lock(); only a restart brings it back, and
    // until then no other key stands in for it.
    virtual bool needs_restart(const base::AccountName& account) const = 0;
    virtual const std::filesystem::path& vault_path() const = 0;

    // Makes a new vault and leaves it unlocked. vault "exists" if there is one.
    virtual awaitable<Result<void>> create(SecretText passphrase) = 0;
    // Opens the vault as it is on disk now; when it is open already the passphrase is verified all the same.
    // passphrase: wrong, or a damaged file; vault: missing, or not as strict as it must be.
    virtual awaitable<Result<void>> unlock(SecretText passphrase) = 0;
    virtual awaitable<Result<void>> unlock_with_key_file(std::filesystem::path file) = 0;
    // Wipes every open secret, saved, staged and from the environment, before it returns; an unlock that is
    // under way then opens nothing, and its passphrase goes when its key derivation ends. Not a failure when
    // locked already.
    virtual void lock() = 0;
    // Returns when the calls that were made before it have ended: an unlock under way holds its passphrase
    // until then.
    virtual awaitable<void> idle() = 0;
    virtual awaitable<Result<void>> change_passphrase(
        SecretText old_passphrase, SecretText new_passphrase
    ) = 0;
    // A key file opens the vault without a person: 32 random bytes, made here (0600, must not exist yet) or
    // removed as an opener.
    virtual awaitable<Result<void>> add_key_file(SecretText passphrase, std::filesystem::path file) = 0;
    virtual awaitable<Result<void>> remove_key_file(SecretText passphrase, std::filesystem::path file) = 0;

    // Takes a candidate key into memory so that it can sign, without saving it. invalid_params: shape; reason
    // "environment": the account's key came with the environment, be it wiped by now; reason "exists": the
    // vault holds the name of a new account, or somebody holds the key. unknown_account: there is no saved
    // key that this one could join. locked: the vault is not open.
    virtual awaitable<Result<StagedKey>> stage(NewKey candidate) = 0;
    // Saves a staged key durably; validated_at is empty when Kraken has not been asked or said no.
    virtual awaitable<Result<void>> commit(base::KeyId key, std::optional<base::Time> validated_at) = 0;
    virtual void discard(base::KeyId key) = 0;
    // Records that Kraken accepted a key: in the vault, and until the process ends for one of the
    // environment.
    virtual awaitable<Result<void>> mark_validated(base::KeyId key, base::Time when) = 0;
    // Removes a saved key. invalid_params with reason "environment" for one that came with the environment.
    virtual awaitable<Result<void>> remove(base::KeyId key) = 0;

    // The keys that can sign now, in order of account name, those of one account as they were saved: one for
    // each account of the environment and, while the vault is open, the saved ones that these do not hide.
    // One API key may be there under two names, once from each source.
    virtual std::vector<KeyInfo> list() const = 0;

    // Signs one private call: API-Sign over path, nonce and body (Kraken, "Spot REST authentication"), the
    // OTP added to the body as its last field. `body` already starts with this nonce. locked: no vault is
    // open, or the key of the environment was wiped; no_credentials: there is no such key; rate_limit with
    // retry_after: the key has a TOTP seed and this half minute's code was given out already (Kraken refuses
    // a code's second use).
    virtual awaitable<Result<SignedRequest>> sign(
        base::KeyId key, std::string path, base::Nonce nonce, std::string body, BodyForm form
    ) = 0;

    // The grants of the open vault, in order of holder.
    virtual std::vector<GrantInfo> grants() const = 0;
    // Saves what a holder may do from now on. This and the next two: locked, if the vault is not open.
    // `before` is what the holder has had when that was decided, empty for nothing; if it has something else
    // by now, nothing is saved (invalid_params, reason "changed").
    virtual awaitable<Result<void>> save_grant(
        std::string holder, std::string grant, std::optional<std::string> before
    ) = 0;
    // Makes and saves a key for a bot; the keys that it has had end at `earlier_end_at`. `before` as above.
    virtual awaitable<Result<BotCredentials>> make_bot_key(
        std::string bot, std::string grant, base::Time earlier_end_at, std::optional<std::string> before
    ) = 0;
    // With all keys of the holder; invalid_params if there is no such one.
    virtual awaitable<Result<void>> remove_grant(std::string holder) = 0;
    // Whose key has signed this request, as Kraken would have it signed; compared in constant time. auth with
    // its reason: nobody has that key (any more), or it did not sign this. locked: the vault is not open.
    virtual awaitable<Result<VerifiedBot>> verify_bot(BotRequest request) = 0;
};

struct KeeperSettings {
    std::filesystem::path vault_file;  // .../secrets.enc
    KdfCost cost = KdfCost::moderate;
    EnvironmentKeys environment = {};  // its warnings are for the caller to log
};

// Why a key that is not there cannot be used, while the state is not `unlocked`.
protocol::Error not_open_error(const Keeper& keeper);
// The account's key came with the environment, so it is neither saved nor removed here: invalid_params,
// reason "environment".
protocol::Error environment_error(const base::AccountName& account);

// `clock` must outlive the keeper; completions run on `executor`.
std::unique_ptr<Keeper> make_keeper(
    boost::asio::any_io_executor executor, const base::Clock& clock, KeeperSettings settings
);

}  // namespace krakken::keeper
