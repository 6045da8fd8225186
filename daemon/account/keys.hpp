#pragma once

// The keys of one account, and which of their lanes a call takes.

#include "account/key.hpp"
#include "account/line.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace krakken::account {

// A key to serve with, and its lane.
struct KeyOnLane {
    keeper::KeyInfo info;
    std::shared_ptr<Lane> lane;
    std::optional<std::vector<std::string>> permissions = {};  // empty: Kraken has not told
};

class Keys {
public:
    explicit Keys(const state::StateStore& store) : store_(store) {}

    // These are the account's keys from now on, one or more; what Kraken has said of one that stays is kept.
    void become(std::vector<KeyOnLane> keys);

    const std::vector<std::shared_ptr<Key>>& all() const { return keys_; }
    const Key& first() const { return *keys_.front(); }
    // The one in the best state speaks for the account.
    const Key& best() const;
    // Null where the account has it no longer.
    Key* find(const base::KeyId& key) const;

    // The first free lane of those that suit the call best. A key that is set aside, or has been told that it
    // lacks the permission, serves only where there is no other; then the lane, or Kraken, says why not.
    // `wait_for` tells how long Kraken's limits have no room yet for the entry's call with that key; nothing:
    // it fits now.
    using WaitFor = std::function<std::chrono::microseconds(const Key& key, const Line::Entry& entry)>;
    Line::Way way_of(const Line::Entry& entry, const WaitFor& wait_for) const;
    bool all_busy() const;
    // The first of those that suit the call best which makes way for one that must not wait; null where none
    // does.
    Lane* lane_that_makes_way(const Line::Entry& entry) const;

private:
    const state::StateStore& store_;
    std::vector<std::shared_ptr<Key>> keys_;
};

}  // namespace krakken::account
