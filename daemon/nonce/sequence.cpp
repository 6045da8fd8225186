#include "nonce/sequence.hpp"

#include <algorithm>
#include <utility>

namespace krakken::nonce {

namespace {

constexpr std::uint64_t reserved_values = 1'000'000;
constexpr std::chrono::seconds reserved_time{10};

std::uint64_t ticks_per_microsecond(base::NonceUnit unit) {
    switch (unit) {
        case base::NonceUnit::microseconds:
            return 1;
        case base::NonceUnit::ten_nanoseconds:
            return 100;
        case base::NonceUnit::nanoseconds:
            return 1000;
    }
    std::unreachable();
}

}  // namespace

std::uint64_t ticks(base::Time time, base::NonceUnit unit) {
    const auto since_epoch = std::max<std::int64_t>(time.time_since_epoch().count(), 0);
    const auto microseconds = static_cast<std::uint64_t>(since_epoch);
    const std::uint64_t per = ticks_per_microsecond(unit);
    return microseconds > highest_nonce / per ? highest_nonce : microseconds * per;
}

std::uint64_t Sequence::position(base::Time now) const {
    return std::max(last_ + 1, ticks(now));
}

std::optional<base::Nonce> Sequence::take(base::Time now) {
    const std::uint64_t next = position(now);
    if (next > bound_) return std::nullopt;
    last_ = next;
    return base::Nonce(next);
}

base::Nonce Sequence::wanted_bound(base::Time now) const {
    return base::Nonce(std::min(std::max(last_ + reserved_values, ticks(now + reserved_time)), highest_nonce)
    );
}

bool Sequence::renewal_due(base::Time now) const {
    const std::uint64_t next = position(now);
    return next >= bound_ || bound_ - next <= reserved_ / 2;
}

void Sequence::bound_saved(base::Nonce bound, base::Time now) {
    bound_ = std::max(bound_, bound.value());
    const std::uint64_t next = position(now);
    reserved_ = bound_ > next ? bound_ - next : 0;
}

void Sequence::move_to(base::NonceUnit unit) {
    if (unit <= unit_) return;
    unit_ = unit;
    bound_ = last_;
    reserved_ = 0;
}

void Sequence::raise(std::uint64_t floor) {
    last_ = std::max(last_, std::min(floor, highest_nonce));
}

bool Sequence::used_up() const {
    return last_ >= highest_nonce;
}

std::chrono::milliseconds Sequence::lead(base::Time now) const {
    const auto per_millisecond = static_cast<std::int64_t>(ticks_per_microsecond(unit_) * 1000);
    const auto difference = static_cast<std::int64_t>(last_) - static_cast<std::int64_t>(ticks(now));
    return std::chrono::milliseconds(difference / per_millisecond);
}

}  // namespace krakken::nonce
