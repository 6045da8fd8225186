#include "account/keys.hpp"

#include <algorithm>
#include <utility>

namespace krakken::account {

namespace {

enum class Suits { set_aside, serves, may };

Suits suits(const Key& key, const protocol::Endpoint& endpoint) {
    if (!key.lane()->serves()) return Suits::set_aside;
    return key.may(endpoint) ? Suits::may : Suits::serves;
}

}  // namespace

void Keys::become(std::vector<KeyOnLane> keys) {
    std::vector<std::shared_ptr<Key>> before = std::move(keys_);
    keys_.clear();
    for (KeyOnLane& key : keys) {
        const auto known = std::ranges::find_if(before, [&](const auto& old) {
            return old->info().key == key.info.key && old->lane() == key.lane;
        });
        if (known != before.end()) {
            (*known)->describe(std::move(key.info));
            keys_.push_back(*known);
        } else {
            keys_.push_back(std::make_shared<Key>(store_, std::move(key.info), std::move(key.lane)));
        }
        keys_.back()->permit(std::move(key.permissions));
        keys_.front()->lane()->share_acts(*keys_.back()->lane());
    }
}

const Key& Keys::best() const {
    return **std::ranges::min_element(keys_, {}, [](const auto& key) { return key->state(); });
}

Key* Keys::find(const base::KeyId& key) const {
    const auto found = std::ranges::find_if(keys_, [&](const auto& each) { return each->info().key == key; });
    return found == keys_.end() ? nullptr : found->get();
}

Line::Way Keys::way_of(const Line::Entry& entry, const WaitFor& wait_for) const {
    Line::Way way;
    Suits best = Suits::set_aside;
    for (std::size_t index = 0; index < keys_.size(); ++index) {
        const Key& key = *keys_[index];
        if (entry.only_key && key.info().key != *entry.only_key) continue;
        const Suits suitable = suits(key, *entry.endpoint);
        if (suitable < best) continue;
        if (suitable > best) way = {};
        best = suitable;
        if (way.lane || key.lane()->busy()) continue;
        const auto wait = wait_for(key, entry);
        if (wait <= std::chrono::microseconds(0)) {
            way.lane = index;
            continue;
        }
        const auto look = std::chrono::steady_clock::now() + wait;
        way.look = std::min(look, way.look.value_or(look));
        if (index < 64) way.no_room |= std::uint64_t{1} << index;
    }
    return way;
}

Lane* Keys::lane_that_makes_way(const Line::Entry& entry) const {
    Lane* lane = nullptr;
    Suits best = Suits::set_aside;
    for (const auto& key : keys_) {
        const Suits suitable = suits(*key, *entry.endpoint);
        if (suitable < best) continue;
        if (suitable > best) lane = nullptr;
        best = suitable;
        if (!lane && key->lane()->makes_way()) lane = key->lane().get();
    }
    return lane;
}

bool Keys::all_busy() const {
    return std::ranges::all_of(keys_, [](const auto& key) { return key->lane()->busy(); });
}

}  // namespace krakken::account
