#include "gate/replays.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace krakken::gate {

using boost::asio::awaitable;
using protocol::Result;
using std::chrono::steady_clock;

std::string fingerprint(std::string_view path, std::string_view body) {
    std::array<unsigned char, 32> hash{};
    crypto_generichash_state state{};
    crypto_generichash_init(&state, nullptr, 0, hash.size());
    for (const std::string_view part : {path, std::string_view("\0", 1), body})
        crypto_generichash_update(
            &state, reinterpret_cast<const unsigned char*>(part.data()), part.size()  // text as bytes
        );
    crypto_generichash_final(&state, hash.data(), hash.size());
    std::string hex(hash.size() * 2 + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
    hex.pop_back();
    return hex;
}

awaitable<Result<std::string>> Replays::once(Signed request, Make make) {
    forget_old_ones();
    const Id id{std::move(request.bot_key), std::move(request.fingerprint)};
    if (const auto seen = seen_.find(id); seen != seen_.end()) {
        const auto entry = seen->second;
        const auto place = entry->waiting.insert(entry->waiting.end(), std::move(request.is_gone));
        while (!entry->outcome)
            co_await entry->answered.wait_until(steady_clock::time_point::max());
        entry->waiting.erase(place);
        co_return *entry->outcome;
    }
    const auto entry = std::make_shared<Entry>(executor_, std::move(request.nonce));
    seen_.emplace(id, entry);
    in_order_.push_back(id);
    entry->outcome = co_await make([weak = std::weak_ptr(entry)] {
        const auto same = weak.lock();
        return same &&
               std::ranges::any_of(same->waiting, [](const IsGone& gone) { return !gone || !gone(); });
    });
    entry->answered.happened();
    // A read this long does no harm when it is made again.
    if (*entry->outcome && (*entry->outcome)->size() > longest_kept) seen_.erase(id);
    co_return *entry->outcome;
}

// What is under way stays.
void Replays::forget_old_ones() {
    const auto long_ago = steady_clock::now() - kept;
    while (!in_order_.empty()) {
        const auto oldest = seen_.find(in_order_.front());
        const bool is_gone = oldest == seen_.end();
        if (!is_gone && !oldest->second->outcome) return;
        if (!is_gone && oldest->second->begun > long_ago && seen_.size() <= most_seen) return;
        if (!is_gone) {
            nonces_.use_up(oldest->first.first, oldest->second->nonce);
            seen_.erase(oldest);
        }
        in_order_.pop_front();
    }
}

}  // namespace krakken::gate
