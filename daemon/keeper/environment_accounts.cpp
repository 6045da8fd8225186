#include "environment_accounts.hpp"

#include <algorithm>
#include <utility>

namespace krakken::keeper {

namespace {

template <class Wanted, class Member>
const KeyInfo* find_in(const std::vector<KeyInfo>& known, const Wanted& wanted, Member member) {
    const auto found = std::ranges::find(known, wanted, member);
    return found == known.end() ? nullptr : &*found;
}

}  // namespace

EnvironmentAccounts::EnvironmentAccounts(EnvironmentKeys keys)
    : open_(Contents::parse(std::move(keys.records)).value()) {
    for (const StoredKey& stored : open_.keys()) {
        known_.push_back(stored.info);
        known_.back().source = Source::environment;
    }
}

void EnvironmentAccounts::wipe() {
    open_ = Contents();
}

const KeyInfo* EnvironmentAccounts::find(const base::AccountName& account) const {
    return find_in(known_, account, &KeyInfo::account);
}

const KeyInfo* EnvironmentAccounts::find(const base::KeyId& key) const {
    return find_in(known_, key, &KeyInfo::key);
}

bool EnvironmentAccounts::mark_validated(const base::KeyId& key, base::Time when) {
    if (open_.find(key) == nullptr) return false;
    for (KeyInfo& info : known_) {
        if (info.key == key) info.validated_at = when;
    }
    return true;
}

}  // namespace krakken::keeper
