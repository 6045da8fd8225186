#pragma once

// All accounts: which there are, which one a call means, adding and validating keys. The gate's only way to
// Kraken.

#include "account/account.hpp"
#include "account/public_calls.hpp"
#include "account/shared_reads.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::account {

struct KeyJudgement;

// What becomes of a key that could not be validated.
enum class SavePolicy {
    validated,    // save only what Kraken accepted
    unvalidated,  // save too when Kraken could not be asked
    anyway,       // save even when Kraken said no
};

struct Validation {
    base::AccountName account;
    base::KeyId key;
    bool validated = false;
    bool saved = false;
    std::optional<std::vector<std::string>> permissions;  // Kraken's names
    std::vector<std::string> warnings;                    // sentences for a person
};

struct Replacement {
    Validation validation;  // of the new key
    base::KeyId retired;
    std::string retired_name;  // at Kraken; empty: not known
};

// What the operator says of one account.
struct AccountOptions {
    std::optional<base::Tier> tier = {};             // none: as it was saved with the key
    std::optional<base::NonceUnit> nonce_unit = {};  // none: found out by itself
};

struct AccountSettings {
    std::string default_account = {};  // may be empty
    std::chrono::milliseconds validation_timeout{30000};
    std::chrono::milliseconds removal_wait{5000};  // for calls of an account or key that is to be removed
    std::chrono::milliseconds drain_wait{30000};   // for those of a key that has been replaced
    RetrySettings retry = {};
    bool rate_model = true;  // calls keep to Kraken's limits by themselves
    PlacementSettings placement = {};
    std::map<base::AccountName, AccountOptions> accounts = {};
    std::map<base::AccountName, std::uint64_t> legacy_nonces = {};  // floors from old nonce files
};

// What is known of one call that acts once.
struct IntentReport {
    state::Intent intent;
    bool is_lost = false;  // its answer is, and its fate is being found out
};

class Accounts {
public:
    Accounts(Services services, AccountSettings settings);

    // The configuration was read again; calls that run keep what they began with.
    void configure(AccountSettings settings);

    // Takes over what the keeper holds: after unlock, lock, add and remove.
    void refresh();

    // After an unlock, or at start with keys from the environment: asks Kraken for its time, and about every
    // key whether it is accepted and what it may do, all accounts at once. What is wrong shows in the log and
    // in the account's state, and nowhere else. Ends early when the daemon stops or the keys are gone.
    awaitable<void> check();

    // The account that a private call means. locked, no_credentials, unknown_account.
    Result<std::shared_ptr<Account>> find(const std::optional<std::string>& wanted) const;

    // Empty: none is configured.
    const std::string& default_account() const { return settings_.default_account; }

    // Works in every state, as no secret is needed.
    awaitable<Result<std::string>> call_public(Call call);

    // Checks the candidate's shape, asks Kraken about it and saves it as `policy` says. This and the next
    // four: invalid_params with reason "environment" for an account whose key came with the environment.
    awaitable<Result<Validation>> add(keeper::NewKey candidate, SavePolicy policy);
    // The same for another key of a saved account, which must be of the same account at Kraken:
    // invalid_params with reason "other_account" if it is not, and unless `policy` is `anyway` with
    // "account_unproven" where Kraken does not tell.
    awaitable<Result<Validation>> add_key(keeper::NewKey candidate, SavePolicy policy);
    // And then removes an old key, which must be named where there are several, once its calls have ended. If
    // it could not be removed, the error says so, and both keys serve.
    awaitable<Result<Replacement>> replace_key(
        keeper::NewKey candidate, std::optional<base::KeyId> old_key, SavePolicy policy
    );
    // One key, or all of the account; one that Kraken refuses is told by the error, when all have been asked.
    awaitable<Result<std::vector<Validation>>> validate(
        base::AccountName name, std::optional<base::KeyId> key = {}
    );
    // One key, or with the last one the account. timeout, retryable: calls of it are still under way.
    awaitable<Result<void>> remove(base::AccountName name, std::optional<base::KeyId> key = {});

    // Raises the sequence of the account's keys to the number in an old nonce file, which is read beside the
    // event loop, one at a time (overloaded). Returns the highest last value.
    awaitable<Result<std::uint64_t>> import_nonce(base::AccountName name, std::filesystem::path file);

    const PublicCalls& public_calls() const { return public_calls_; }

    // What became of calls that place orders or move funds. `client`: whose they must be; empty: anybody's.
    // An id that is not there, or another's, is invalid_params. storage: they cannot be read.
    awaitable<Result<std::vector<IntentReport>>> intents(
        std::string client, std::optional<base::AccountName> account, bool open_only, std::size_t limit
    );
    awaitable<Result<IntentReport>> intent(std::string client, std::string id);
    // As soon as it is known, or that nobody will know by looking; timeout: it is not by then.
    awaitable<Result<IntentReport>> wait_for_intent(
        std::string client, std::string id, std::chrono::steady_clock::time_point deadline
    );
    // The answer that a call of this client's was given, or what has become of it since, where that left it
    // open.
    awaitable<Result<std::string>> known_by_now(std::string client, Result<std::string> answer);
    // The client has the answer to its call of this idempotency key, if it is known.
    void told(const std::string& client, const std::string& idempotency_key);
    // Where no account serves the call: what an earlier one of its idempotency key has come to, or that
    // nobody knows yet. Empty where there was none.
    awaitable<std::optional<Result<std::string>>> recall(Call call, std::optional<std::string> wanted);
    // A person's word, for one that is settling or unknown.
    awaitable<Result<IntentReport>> settle_intent(std::string id, PersonsWord word);

    // "unknown" before the first call, then "reachable" or "unreachable".
    std::string_view upstream_state() const { return services_.api.state(); }
    // How far Kraken's clock is ahead of ours; empty before Kraken told its time.
    std::optional<std::chrono::milliseconds> clock_offset() const { return services_.clock.offset(); }

    // The daemon is stopping: what waits in a lane is refused, what is on its way is seen to its end.
    void stop() { services_.api.stop(); }

    // Those that can serve now, in order of name: while the vault is locked, those of the environment.
    std::vector<std::shared_ptr<Account>> list() const;

private:
    // How the daemon's own questions about a key are asked.
    struct Asking {
        RetrySettings retry;
        Lane::Hold hold;
    };
    // A failed question, and which one it was.
    struct Refused {
        const protocol::Endpoint* endpoint;
        protocol::Error error;
    };

    // What Kraken has told of a key.
    struct Told {
        std::string account_number;  // empty: not told
        std::string name;            // at Kraken, fit to be shown; empty: not told
        std::optional<std::vector<std::string>> permissions;
    };

    Result<std::shared_ptr<Account>> find_named(const std::string& wanted) const;
    Result<std::shared_ptr<Account>> find_only() const;
    std::optional<protocol::Error> nothing_open() const;
    std::optional<base::AccountName> account_meant(const Call& call, const std::optional<std::string>& wanted)
        const;
    std::shared_ptr<Settlement> settlement_of(const state::Intent& intent) const;
    void tell(const state::Intent& intent);
    IntentReport report(state::Intent intent) const;
    std::shared_ptr<Lane> lane_of(const base::KeyId& key, const base::AccountName& name);
    const AccountOptions& options_of(const base::AccountName& name) const;
    awaitable<Result<std::string>> make_public(const Call& call, SharedReads::Flight& flight);
    awaitable<Result<kraken::Attempt>> send_public(
        const Call& call, std::string query, SharedReads::Flight& flight
    );
    void hear_system_status(std::string_view result);

    // One change of an account's keys at a time, the next is refused (overloaded): each builds on the keys
    // that are there.
    template <class T>
    awaitable<Result<T>> alone(base::AccountName name, awaitable<Result<T>> change);
    // Of an account that is there, and whose keys are saved ones.
    Result<std::shared_ptr<Account>> find_saved(const base::AccountName& name) const;
    std::vector<keeper::KeyInfo> keys_of(const base::AccountName& name) const;
    // The one that is wanted, or the only one.
    Result<base::KeyId> choose_key(const base::AccountName& name, const std::optional<base::KeyId>& wanted)
        const;

    awaitable<Result<Validation>> join(keeper::NewKey candidate, SavePolicy policy);
    awaitable<Result<Replacement>> replace(
        keeper::NewKey candidate, std::optional<base::KeyId> old_key, SavePolicy policy
    );
    // Has Kraken look at a key, and saves it.
    awaitable<Result<Validation>> take_in(keeper::NewKey candidate, SavePolicy policy);
    awaitable<Result<Validation>> validate_one(std::shared_ptr<Account> account, base::KeyId key);
    awaitable<Result<void>> remove_some(base::AccountName name, std::optional<base::KeyId> key);
    awaitable<Result<void>> remove_key(
        std::shared_ptr<Account> account, base::KeyId key, std::chrono::milliseconds patience
    );
    awaitable<Result<void>> remove_all(std::shared_ptr<Account> account);
    void forget(const base::KeyId& key);  // a candidate that was not saved

    void learn(const base::AccountName& name, const base::KeyId& key, const KeyJudgement& judgement);
    void set_strangers_aside(const base::AccountName& name);
    awaitable<Result<void>> prove_same_account(Validation& validation, SavePolicy policy);
    awaitable<std::string> account_number(keeper::KeyInfo key);
    // Asks Kraken: what may this key do, and does a harmless private call work?
    awaitable<std::optional<Refused>> ask_kraken(Validation& validation, Asking how);
    awaitable<Result<std::string>> ask(
        std::shared_ptr<Lane> lane, const protocol::Endpoint& endpoint, Asking how
    );
    awaitable<Result<Validation>> save(Validation validation);
    awaitable<void> check_one(std::shared_ptr<Account> account, std::shared_ptr<Key> asked);
    awaitable<void> note_validation(std::shared_ptr<Key> key);
    bool is_there(const Account& account) const;

    Services services_;
    AccountSettings settings_;
    PublicCalls public_calls_;
    SharedReads public_reads_;
    std::map<base::AccountName, std::shared_ptr<Account>> accounts_;
    // Kept while locked too: a key's sequence must go on where it stopped, and what Kraken refused stays so.
    std::map<base::KeyId, std::shared_ptr<Lane>> lanes_;
    std::map<base::AccountName, std::shared_ptr<Account>> known_;
    // The accounts whose keys came with the environment, those too that a lock has wiped.
    std::set<base::AccountName> environment_;
    std::set<base::AccountName> adopted_;    // whose calls of earlier runs have been taken over
    std::set<std::string> settled_by_word_;  // ids; a person's word counts before an unlock, too
    bool reading_ = false;                   // an old nonce file
    std::set<base::AccountName> changing_;   // accounts whose keys are being changed
    std::set<base::KeyId> draining_;         // that are removed when their calls have ended
    std::map<base::KeyId, Told> told_;
};

}  // namespace krakken::account
