#include "account/placements.hpp"
#include "base/log.hpp"
#include "kraken/made_ids.hpp"
#include "protocol/json_text.hpp"

#include <algorithm>
#include <ranges>

// What a CancelAll does to placements that it cannot reach: those that are not sent yet, and those whose fate
// is open.

namespace krakken::account {

using base::log;
using base::LogLevel;
using protocol::ErrorCode;
using protocol::Executed;
using state::IntentState;
using std::chrono::steady_clock;

namespace {

// As they were found, or as Kraken answered.
std::vector<std::string> living_orders(const Settlement& settlement) {
    std::vector<std::string> txids;
    for (const Finding& finding : settlement.findings())
        if (finding.is_one() && finding.traces.front().living) txids.push_back(finding.traces.front().id);
    const std::string_view endpoint = settlement.endpoint().name;
    const bool makes_orders =
        endpoint == "AddOrder" || endpoint == "AddOrderBatch" || endpoint == "EditOrder";
    if (settlement.findings().empty() && settlement.outcome() && makes_orders)
        for (const auto id : std::views::split(kraken::made_ids(*settlement.outcome()), ','))
            txids.emplace_back(id.begin(), id.end());
    return txids;
}

}  // namespace

void Placements::drop_unsent(const base::Client& client) {
    for (Ahead& each : ahead_)
        if (each.client == client) each.dropped = true;
}

awaitable<std::vector<std::string>> Placements::cancel_what_shows(std::optional<std::string> identity) {
    std::vector<std::string> ids;
    for (const auto& [id, settlement] : open_) {
        const bool is_meant = !identity || settlement->intent().client == *identity;
        if (settlement->is_settled() || !is_meant) continue;
        settlement->swept();
        ids.push_back(id);
    }
    co_await write_cancel_when_found(ids, true);
    co_return ids;
}

awaitable<void> Placements::spare(std::vector<std::string> ids) {
    const auto self = shared_from_this();
    std::erase_if(ids, [this](const std::string& id) {
        const auto settlement = find(id);
        if (settlement) settlement->spared();
        return !settlement || settlement->is_to_be_canceled();  // by another CancelAll
    });
    co_await write_cancel_when_found(std::move(ids), false);
}

// A disk that fails must not keep a cancel from being sent.
awaitable<void> Placements::write_cancel_when_found(std::vector<std::string> ids, bool wanted) {
    if (ids.empty()) co_return;
    const auto written = co_await services_.store.cancel_when_found(std::move(ids), wanted);
    if (!written) log(LogLevel::error, "intent.cancel_not_written", {{"why", written.error().message}});
}

// Orders that a CancelAll which was sent behind them may not have found. False: the daemon stops before they
// are canceled.
awaitable<bool> Placements::cancel_swept(const Settlement& settlement) {
    if (settlement.state() != IntentState::placed) co_return true;
    const auto begun = steady_clock::now();
    constexpr std::chrono::seconds patience{30};
    while (settlement.is_to_be_canceled() && sweeps_ > 0 && steady_clock::now() < begun + patience)
        co_await sweep_over_.wait_until(begun + patience);
    if (!settlement.is_to_be_canceled()) co_return true;  // it was not executed after all
    for (const std::string& txid : living_orders(settlement)) {
        const bool done = co_await cancel(settlement.intent().id, txid);
        if (!done) co_return false;
    }
    co_return true;
}

// Until Kraken has canceled it, or it is plain that Kraken will not.
awaitable<bool> Placements::cancel(std::string call_id, std::string txid) {
    const protocol::Endpoint& endpoint = *protocol::find_endpoint("CancelOrder");
    constexpr std::chrono::seconds longest_pause{30};
    std::chrono::seconds pause{1};
    while (true) {
        const auto canceled = co_await ask_(
            endpoint, *kraken::Parameters::parse(R"({"txid":)" + protocol::quote(txid) + "}"), std::nullopt
        );
        const std::string_view outcome = canceled ? "ok" : protocol::category(canceled.error().code);
        const bool sent = canceled || canceled.error().origin == protocol::Origin::kraken ||
                          canceled.error().executed == Executed::unknown;
        if (sent) {
            services_.store.record(
                {.at = services_.clock.now(),
                 .caller = {.program = "krakkend"},
                 .what = std::string(endpoint.name),
                 .account = account_.text(),
                 .call_id = call_id,
                 .ids = txid,
                 .outcome = std::string(outcome)}
            );
        }
        const auto refused_with = [&canceled](ErrorCode code) {
            return !canceled && canceled.error().code == code;
        };
        // Not a text that nobody knows, behind which it may be open as well as canceled.
        const bool is_gone = refused_with(ErrorCode::order) && canceled.error().executed == Executed::no;
        const bool over = canceled || is_gone;
        const bool hopeless = refused_with(ErrorCode::permission) || refused_with(ErrorCode::unknown_account);
        if (over || hopeless || pause == std::chrono::seconds(1)) {
            log(over ? LogLevel::warn : LogLevel::error,
                "settle.canceled",
                {{"call_id", call_id}, {"txid", txid}, {"outcome", outcome}});
        }
        if (over || hopeless) co_return true;
        const bool going_on = co_await services_.api.pause(pause);
        if (!going_on) co_return false;
        pause = std::min(pause * 2, longest_pause);
    }
}

}  // namespace krakken::account
