#include "gate/freezes.hpp"

#include <fmt/format.h>

#include <utility>

namespace krakken::gate {

using boost::asio::awaitable;
using protocol::Effect;
using protocol::Result;

std::string freeze_scope(const std::optional<std::string>& account, const std::optional<std::string>& bot) {
    if (bot) return "bot:" + *bot;
    return account ? "account:" + *account : "all";
}

Freezes::Freezes(state::StateStore& store) : store_(store) {
    for (const state::Freeze& freeze : store.freezes_at_start())
        by_scope_.emplace(freeze.scope, freeze);
}

awaitable<Result<void>> Freezes::freeze(state::Freeze freeze) {
    by_scope_.insert_or_assign(freeze.scope, freeze);
    auto written = co_await store_.freeze(freeze);
    by_scope_.insert_or_assign(
        freeze.scope, freeze
    );  // should a thaw have ended meanwhile: this is the later word
    if (!written)
        written.error().message = "it is frozen, but only until krakkend stops: " + written.error().message;
    co_return written;
}

awaitable<Result<void>> Freezes::thaw(std::string scope) {
    const auto thawed = by_scope_.find(scope);
    if (thawed == by_scope_.end())
        co_return protocol::fail(protocol::ErrorCode::invalid_params, "nothing of this kind is frozen");
    const base::Time frozen_at = thawed->second.at;
    auto written = co_await store_.thaw(scope);
    const auto now = by_scope_.find(scope);
    if (written && now != by_scope_.end() && now->second.at == frozen_at) by_scope_.erase(now);
    co_return written;
}

std::optional<protocol::Error> Freezes::refusal(
    const protocol::Endpoint& endpoint, const base::AccountName& account, const std::string& bot
) const {
    if (endpoint.effect == Effect::read || endpoint.effect == Effect::cancel) return std::nullopt;
    auto found = by_scope_.find("all");
    if (found == by_scope_.end()) found = by_scope_.find("account:" + account.text());
    if (found == by_scope_.end() && !bot.empty()) found = by_scope_.find("bot:" + bot);
    if (found == by_scope_.end()) return std::nullopt;
    return protocol::make_error(
               protocol::ErrorCode::forbidden,
               fmt::format("{} is frozen: {}; nothing was sent", found->first, found->second.reason)
    )
        .with("rule", "freeze")
        .with_remedy("reads and cancels pass; the operator ends it with: krakkenctl thaw");
}

}  // namespace krakken::gate
