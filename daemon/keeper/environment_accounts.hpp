#pragma once

// The accounts whose keys came with the environment. Their names stay taken when their keys have been wiped:
// if a saved key of the same name stood in, calls would silently reach another Kraken account.

#include "contents.hpp"

#include <vector>

namespace krakken::keeper {

class EnvironmentAccounts {
public:
    explicit EnvironmentAccounts(EnvironmentKeys keys);

    // The keys that can sign: all of them, or none once they were wiped.
    const Contents& open() const { return open_; }
    // Not a failure when there are none.
    void wipe();
    bool wiped() const { return open_.keys().size() < known_.size(); }

    // Known for good, in order of account name.
    const std::vector<KeyInfo>& known() const { return known_; }
    const KeyInfo* find(const base::AccountName& account) const;
    const KeyInfo* find(const base::KeyId& key) const;

    // Of every account that has this key; false if none does, or they were wiped.
    bool mark_validated(const base::KeyId& key, base::Time when);

private:
    Contents open_;
    std::vector<KeyInfo> known_;
};

}  // namespace krakken::keeper
