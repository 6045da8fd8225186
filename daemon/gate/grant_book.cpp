#include "gate/grant_book.hpp"

#include "base/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace krakken::gate {

namespace {

constexpr std::string_view user_prefix = "uid:";
constexpr std::string_view group_prefix = "group:";

std::shared_ptr<const Holding> operators_holding(bool is_only_one) {
    return std::make_shared<const Holding>(Holding{"operator", grant::operators_grant(is_only_one)});
}

}  // namespace

bool sees(const Holdings& holdings, const base::AccountName& account) {
    return std::ranges::any_of(holdings, [&account](const auto& holding) {
        return holding->grant.covers(account);
    });
}

bool is_bot_name(std::string_view holder) {
    return base::AccountName::parse(holder).has_value();
}

GrantBook::GrantBook(const keeper::Keeper& keeper, const base::Clock& clock)
    : keeper_(keeper), clock_(clock), operators_(operators_holding(true)) {}

void GrantBook::refresh() {
    if (!keeper_.vault_is_open()) return;
    known_ = true;
    by_holder_.clear();
    by_group_.clear();
    for (keeper::GrantInfo& info : keeper_.grants()) {
        auto grant = grant::parse_grant(info.grant);
        // Written by a newer version, perhaps. Its holder has one all the same, of which nothing is allowed.
        if (!grant)
            base::log(
                base::LogLevel::error,
                "grant.not_understood",
                {{"holder", info.holder}, {"why", grant.error().message}}
            );
        auto holding =
            std::make_shared<const Holding>(Holding{info.holder, grant ? std::move(*grant) : grant::Grant()});
        by_holder_.emplace(info.holder, Known{holding, std::move(info.keys)});
        if (!info.holder.starts_with(group_prefix)) continue;
        if (const auto group = group_named(info.holder.substr(group_prefix.size())))
            by_group_.emplace(*group, std::move(holding));
    }
    operators_ = operators_holding(by_holder_.empty());
}

Holdings GrantBook::of(const Peer& peer, const base::Caller& caller) const {
    if (!caller.bot.empty()) return of_bot(caller);
    const auto own = by_holder_.find(std::string(user_prefix) + std::to_string(peer.uid));
    if (own != by_holder_.end()) return {own->second.holding};
    if (peer.uid == ::geteuid() || peer.uid == 0) return {operators_};
    Holdings holdings;
    for (const auto& [group, holding] : by_group_)
        if (std::ranges::find(peer.groups, group) != peer.groups.end()) holdings.push_back(holding);
    return holdings;
}

std::shared_ptr<const Holding> GrantBook::find(const std::string& holder) const {
    const auto known = by_holder_.find(holder);
    return known == by_holder_.end() ? nullptr : known->second.holding;
}

Holdings GrantBook::of_bot(const base::Caller& caller) const {
    const auto known = by_holder_.find(caller.bot);
    if (known == by_holder_.end()) return {};
    const base::Time now = clock_.now();
    const bool serves = std::ranges::any_of(known->second.keys, [&](const auto& each) {
        return each.key.hex() == caller.bot_key && (!each.ends_at || *each.ends_at > now);
    });
    return serves ? Holdings{known->second.holding} : Holdings();
}

}  // namespace krakken::gate
