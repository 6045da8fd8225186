#include "account/admission.hpp"

#include "account/unsent.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace krakken::account {

using std::chrono::steady_clock;

namespace {

// More calls than this in front, for each lane, would not be served within any deadline a client may set.
constexpr std::size_t max_waiting = 256;

// How often a cancel that has waited long enough looks whether the call before it may be passed by now.
constexpr std::chrono::milliseconds look_every{25};

}  // namespace

// In the line for as long as this lives, however the call's waiting ends.
class Admission::InLine {
public:
    InLine(Admission& admission, Waiter& waiter)
        : admission_(admission), joined_(admission.line_.join(waiter.entry)) {
        admission_.waiters_.emplace(joined_.ticket, &waiter);
        if (joined_.put_out) admission_.settle(*joined_.put_out, too_many_waiting());
        admission_.let_go();
    }
    InLine(const InLine&) = delete;
    InLine& operator=(const InLine&) = delete;
    ~InLine() {
        admission_.waiters_.erase(joined_.ticket);
        admission_.line_.leave(joined_.ticket);
        admission_.let_go();  // those that were behind it
    }

    Line::Ticket ticket() const { return joined_.ticket; }

private:
    Admission& admission_;
    Line::Joined joined_;
};

Admission::Pass::Pass(
    std::shared_ptr<Admission> admission, Line::Entry entry, std::shared_ptr<Key> key, Lane::Turn turn
)
    : admission_(std::move(admission)), entry_(entry), key_(std::move(key)), turn_(std::move(turn)) {}

Admission::Pass::Pass(Pass&& other) noexcept
    : admission_(std::move(other.admission_)),
      entry_(other.entry_),
      key_(std::move(other.key_)),
      turn_(std::move(other.turn_)) {}

Admission::Pass::~Pass() {
    if (!admission_) return;
    admission_->line_.end(entry_);
    turn_.reset();
    admission_->let_go();  // to another lane, where this one has passed on to somebody else
}

Admission::Admission(
    boost::asio::any_io_executor executor, const Keys& keys, Line::FindWay find_way, Goes goes
)
    : executor_(std::move(executor)),
      keys_(keys),
      find_way_(std::move(find_way)),
      goes_(std::move(goes)),
      look_(executor_) {}

Admission::~Admission() {
    unwatch();
}

void Admission::unwatch() {
    for (const auto& lane : watched_)
        lane->unwatch(*this);
    watched_.clear();
}

void Admission::keys_changed() {
    unwatch();
    for (const auto& key : keys_.all()) {
        watched_.push_back(key->lane());
        key->lane()->watch(*this);
    }
    line_.bound(max_waiting * watched_.size());
    let_go();
}

std::optional<Admission::Pass> Admission::enter_if_free(const Line::Entry& entry) {
    for (const Line::Ticket dropped : line_.drop_overtaken(entry))
        settle(dropped, cancelled_all());
    if (!line_.is_next_of_client(entry)) return std::nullopt;
    const Line::Way way = find_way_(entry);
    if (!way.lane || line_.is_kept_from(entry, *way.lane)) return std::nullopt;
    line_.begin(entry);
    return take(*way.lane, entry);
}

awaitable<Result<Admission::Pass>> Admission::enter(Line::Entry entry, steady_clock::time_point deadline) {
    const auto self = shared_from_this();
    const bool impatient = entry.endpoint->effect == protocol::Effect::cancel;
    Waiter waiter{entry, boost::asio::steady_timer(executor_)};
    const InLine place(*this, waiter);
    auto pause = Lane::patience;
    while (!waiter.outcome) {
        const auto now = steady_clock::now();
        waiter.wake.expires_at(impatient ? std::min(now + pause, deadline) : deadline);
        co_await waiter.wake.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        // The turn may have come in the same moment as the deadline: then it is ours and must not be lost.
        if (waiter.outcome) break;
        if (steady_clock::now() >= deadline) co_return not_in_time();
        make_way_for(place.ticket(), entry);
        pause = look_every;
    }
    co_return std::move(*waiter.outcome);
}

void Admission::make_way_for(Line::Ticket ticket, const Line::Entry& entry) {
    if (!line_.is_due(ticket)) return;  // another lane would not help it
    if (Lane* const lane = keys_.lane_that_makes_way(entry)) lane->make_way();
}

void Admission::let_go() {
    std::optional<steady_clock::time_point> look;
    while (!line_.empty() && !keys_.all_busy()) {
        const Line::Next next = line_.next(find_way_);
        if (!next.chosen) {
            look = next.look;
            break;
        }
        const Waiter& waiter = *waiters_.at(next.chosen->ticket);
        settle(next.chosen->ticket, take(next.chosen->lane, waiter.entry));
    }
    look_again(look);
}

void Admission::look_again(std::optional<steady_clock::time_point> when) {
    if (!when) return;
    look_.expires_at(*when);
    look_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled) self->let_go();
    });
}

Admission::Pass Admission::take(std::size_t lane, const Line::Entry& entry) {
    const auto& key = keys_.all()[lane];
    goes_(entry);
    return Pass(shared_from_this(), entry, key, *key->lane()->take_if_free());
}

void Admission::settle(Line::Ticket ticket, Result<Pass> outcome) {
    Waiter& waiter = *waiters_.at(ticket);
    waiter.outcome.emplace(std::move(outcome));
    waiter.wake.cancel();
}

}  // namespace krakken::account
