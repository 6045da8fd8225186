#include "support/memory_store.hpp"

#include <algorithm>

namespace krakken::test {

using protocol::ErrorCode;
using protocol::Result;

bool MemoryStore::step_fails() {
    if (!left_) return false;
    if (*left_ == 0) return true;
    --*left_;
    return false;
}

boost::asio::awaitable<Result<std::optional<state::NonceMark>>> MemoryStore::nonce_mark(base::KeyId key) {
    co_await reads_held.pass();
    if (step_fails()) co_return protocol::fail(ErrorCode::storage, "cannot be read");
    const auto found = marks.find(key);
    if (found == marks.end()) co_return std::optional<state::NonceMark>();
    co_return found->second;
}

boost::asio::awaitable<Result<void>> MemoryStore::save_nonce_mark(base::KeyId key, state::NonceMark mark) {
    ++saves;
    co_await saves_held.pass();
    if (failed_ || step_fails()) {
        failed_ = true;
        co_return protocol::fail(ErrorCode::storage, "cannot be written");
    }
    state::NonceMark& kept = marks.try_emplace(key, mark).first->second;
    kept = {
        std::max(kept.bound, mark.bound),
        std::max(kept.unit, mark.unit),
        std::max(kept.unit_proven, mark.unit_proven)
    };
    co_return Result<void>();
}

std::uint64_t MemoryStore::bound(const base::KeyId& key) const {
    const auto found = marks.find(key);
    return found == marks.end() ? 0 : found->second.bound.value();
}

}  // namespace krakken::test
