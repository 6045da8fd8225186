#include "account/placements.hpp"

#include <algorithm>

// What a library sends again, because it has waited too long for the first one's answer.

namespace krakken::account {

using protocol::ErrorCode;
using std::chrono::steady_clock;

namespace {

bool is_asked_again(const Settlement& settlement) {
    if (!settlement.is_settled()) return settlement.is_lost() || settlement.asker_is_gone();
    return settlement.state() != state::IntentState::not_placed && settlement.is_untold(steady_clock::now());
}

}  // namespace

std::shared_ptr<Settlement> Placements::same_before(const Call& call, const std::string& hash) {
    if (!call.joins_its_like || hash.empty()) return nullptr;
    std::erase_if(untold_, [](const auto& settlement) { return !is_asked_again(*settlement); });
    const auto is_same = [&hash, identity = call.caller.identity()](const Settlement& settlement) {
        const state::Intent& intent = settlement.intent();
        return intent.client == identity && intent.arguments_hash == hash;
    };
    for (const auto& [id, settlement] : open_)
        if (is_same(*settlement) && is_asked_again(*settlement)) return settlement;
    const auto untold = std::ranges::find_if(untold_, [&](const auto& each) { return is_same(*each); });
    return untold == untold_.end() ? nullptr : *untold;
}

// That nobody knows is nothing to be told.
void Placements::tell(Settlement& settlement, const Call& call) {
    const bool is_gone = call.asker_is_gone && call.asker_is_gone();
    if (!is_gone && settlement.is_settled_for_good()) settlement.tell();
}

void Placements::told(const std::function<bool(const state::Intent& intent)>& of_these) {
    const auto note = [&of_these](Settlement& settlement) {
        if (settlement.is_settled_for_good() && of_these(settlement.intent())) settlement.tell();
    };
    for (const auto& [id, settlement] : open_)
        note(*settlement);
    for (const auto& settlement : untold_)
        note(*settlement);
}

awaitable<Result<std::string>> Placements::follow(std::shared_ptr<Settlement> earlier, const Call& call) {
    while (!earlier->is_lost() && !earlier->is_settled() && steady_clock::now() < call.deadline)
        co_await earlier->wait_for_change(call.deadline);
    auto outcome = co_await await_end(earlier, call);
    co_return outcome;
}

awaitable<Result<kraken::Parameters>> Placements::leave_unsent() {
    co_return protocol::fail(ErrorCode::timeout, "not sent: the same call is under way already");
}

}  // namespace krakken::account
