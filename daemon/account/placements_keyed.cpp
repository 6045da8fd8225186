#include "account/placements.hpp"
#include "kraken/refusal.hpp"

#include <sodium.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <array>

// All calls of one idempotency key are one.

namespace krakken::account {

using protocol::Error;
using protocol::ErrorCode;
using protocol::Executed;
using state::IntentState;
using std::chrono::steady_clock;

namespace {

// The same call has the same hash, whatever the order of its members and however long it may take.
std::string hash_of(const Call& call) {
    std::vector<kraken::Parameters::Field> fields = call.parameters.fields();
    std::ranges::sort(fields, {}, &kraken::Parameters::Field::name);
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, crypto_generichash_BYTES);
    // Each text with its end, so that no two lists of texts look alike.
    const auto add = [&state](std::string_view text) {
        const std::string ended = fmt::format("{}:{},", text.size(), text);
        crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(ended.data()), ended.size());
    };
    add(call.endpoint->name);
    for (const auto& [name, raw] : fields) {
        add(name);
        add(raw);
    }
    std::array<unsigned char, crypto_generichash_BYTES> hash;
    crypto_generichash_final(&state, hash.data(), hash.size());
    return fmt::format("{:02x}", fmt::join(hash, ""));
}

Error other_arguments() {
    return protocol::make_error(
               ErrorCode::idempotency,
               "this idempotency_key was first used with other arguments; nothing was sent"
    )
        .with_remedy("use a new key for a new call, and the old one only to repeat the same call");
}

}  // namespace

awaitable<Result<std::string>> Placements::place(Call call, SendOnce send) {
    const auto self = shared_from_this();
    const auto ahead = ahead_.insert(ahead_.end(), {call.caller.client()});
    const std::string hash = call.idempotency_key.empty() ? "" : hash_of(call);
    auto outcome = call.idempotency_key.empty() ? co_await place_once(call, send, hash, *ahead)
                                                : co_await place_under_key(call, send, hash, *ahead);
    ahead_.erase(ahead);
    co_return outcome;
}

awaitable<Result<std::string>> Placements::place_under_key(
    Call& call, const SendOnce& send, const std::string& hash, const Ahead& ahead
) {
    const Key key{call.caller.identity(), call.idempotency_key};
    for (auto under_way = shared_.find(key); under_way != shared_.end(); under_way = shared_.find(key)) {
        if (under_way->second->arguments_hash != hash) co_return std::unexpected(other_arguments());
        auto outcome = co_await join(under_way->second, call);
        // The other caller's time may be over sooner than this one's.
        const bool open = !outcome && outcome.error().executed == Executed::unknown;
        if (!open || steady_clock::now() >= call.deadline) co_return outcome;
    }
    // Before the first wait, so that a second call of this key finds it.
    const auto shared = std::make_shared<Shared>(services_.executor, hash);
    shared_.emplace(key, shared);
    struct Leave {
        Leave(std::map<Key, std::shared_ptr<Shared>>& all, const Key& of) : shared(all), key(of) {}
        Leave(const Leave&) = delete;
        Leave& operator=(const Leave&) = delete;
        ~Leave() {
            shared.at(key)->changed.happened();
            shared.erase(key);
        }
        std::map<Key, std::shared_ptr<Shared>>& shared;
        const Key& key;
    };
    const Leave leave(shared_, key);

    auto earlier = co_await services_.store.intent_of(key.first, account_, key.second);
    if (!earlier) {
        shared->outcome = std::unexpected(std::move(earlier.error()));
    } else if (*earlier) {
        shared->outcome = known_outcome(**earlier, call);
        if (shared->outcome) told([&](const state::Intent& intent) { return intent.id == (*earlier)->id; });
        if (!shared->outcome) shared->outcome = co_await recall(std::move(**earlier), call);
    } else if (const auto like = same_before(call, hash)) {
        shared->outcome = co_await follow(like, call);
    } else {
        shared->outcome = co_await place_once(call, send, hash, ahead);
    }
    co_return *shared->outcome;
}

awaitable<Result<std::string>> Placements::join(std::shared_ptr<Shared> shared, const Call& call) {
    while (!shared->outcome && steady_clock::now() < call.deadline)
        co_await shared->changed.wait_until(call.deadline);
    if (shared->outcome) co_return *shared->outcome;
    Error error = protocol::make_error(
        ErrorCode::outcome_unknown, "the first call of this idempotency_key is still under way"
    );
    kraken::leave_outcome_open(error, *call.endpoint);
    error.details["settling"] = true;
    error.remedy = "repeat it with the same idempotency_key: it is not sent twice";
    co_return std::unexpected(std::move(error));
}

std::optional<Result<std::string>> Placements::known_outcome(const state::Intent& intent, const Call& call) {
    if (intent.arguments_hash != hash_of(call)) return std::unexpected(other_arguments());
    return outcome_of(intent);
}

// Finds out what an earlier call of the same key, perhaps of an earlier run, has come to.
awaitable<Result<std::string>> Placements::recall(state::Intent intent, const Call& call) {
    const std::string id = intent.id;
    auto settlement = find(id);
    if (settlement && settlement->is_settled_for_good()) co_return settlement->outcome();
    if (settlement && settlement->is_settled()) settlement->reopen();  // nobody knows so far
    if (!settlement) {
        const auto sought = parse_sought(intent.sought).value_or(Sought{});
        settlement =
            std::make_shared<Settlement>(std::move(intent), *call.endpoint, sought, services_.executor);
        settlement->lose();
        open_[id] = settlement;
    }
    if (settlement->is_lost() && !settlement->is_looked_for() && !services_.api.stopping())
        find_out(settlement);
    auto outcome = co_await await_end(settlement, call);
    co_return outcome;
}

}  // namespace krakken::account
