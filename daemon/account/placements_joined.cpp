#include "account/placements.hpp"

// What a library sends again, because it has waited too long for the first one's answer.

namespace krakken::account {

using protocol::ErrorCode;
using std::chrono::steady_clock;

std::shared_ptr<Settlement> Placements::same_under_way(const Call& call, const std::string& hash) const {
    if (!call.joins_its_like || hash.empty()) return nullptr;
    const std::string identity = call.caller.identity();
    for (const auto& [id, settlement] : open_) {
        const state::Intent& intent = settlement->intent();
        const bool is_same = intent.client == identity && intent.arguments_hash == hash;
        const bool is_open = !settlement->is_settled();
        if (is_same && is_open && (settlement->is_lost() || settlement->asker_is_gone())) return settlement;
    }
    return nullptr;
}

awaitable<Result<std::string>> Placements::follow(std::shared_ptr<Settlement> earlier, const Call& call) {
    while (!earlier->is_lost() && !earlier->is_settled() && steady_clock::now() < call.deadline)
        co_await earlier->wait_for_change(call.deadline);
    if (earlier->is_settled()) co_return earlier->outcome();
    auto outcome = co_await await_end(earlier, call);
    co_return outcome;
}

awaitable<Result<kraken::Parameters>> Placements::leave_unsent() {
    co_return protocol::fail(ErrorCode::timeout, "not sent: the same call is under way already");
}

}  // namespace krakken::account
