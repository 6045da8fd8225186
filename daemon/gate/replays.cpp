#include "gate/replays.hpp"

#include <sodium.h>

namespace krakken::gate {

using boost::asio::awaitable;
using protocol::Result;
using std::chrono::steady_clock;

awaitable<Result<std::string>> Replays::once(Signed request, Make make) {
    std::array<unsigned char, 32> hash{};
    crypto_generichash(
        hash.data(),
        hash.size(),
        reinterpret_cast<const unsigned char*>(request.content.data()),
        request.content.size(),
        nullptr,
        0
    );
    forget_old_ones();
    const Id id{std::move(request.bot), std::move(request.nonce)};
    if (const auto seen = seen_.find(id); seen != seen_.end()) {
        const auto entry = seen->second;
        if (entry->hash != hash)
            co_return protocol::fail(
                protocol::ErrorCode::nonce, "the bot has used this nonce for another request"
            );
        while (!entry->outcome)
            co_await entry->answered.wait_until(steady_clock::time_point::max());
        co_return *entry->outcome;
    }
    const auto entry = std::make_shared<Entry>(executor_);
    entry->hash = hash;
    seen_.emplace(id, entry);
    in_order_.push_back(id);
    entry->outcome = co_await make();
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
        if (!is_gone) seen_.erase(oldest);
        in_order_.pop_front();
    }
}

}  // namespace krakken::gate
