#include "account/line.hpp"

#include <algorithm>
#include <array>

namespace krakken::account {

using protocol::Effect;

bool Line::acts(const Entry& entry) {
    return entry.endpoint->effect != Effect::read && entry.endpoint->effect != Effect::token;
}

Line::Rank Line::rank(const Entry& entry) {
    if (entry.endpoint->effect == Effect::cancel) return Rank::cancel;
    return acts(entry) ? Rank::placement : Rank::read;
}

// A CancelAll finds no placements before it, so what it passes only moves funds; which came first makes no
// difference to that.
Line::Waitings::const_iterator Line::place_in(const Waitings& acting, const Entry& entry) {
    if (entry.repeat) return acting.begin();
    if (entry.endpoint->name != "CancelAll") return acting.end();
    const auto last_cancel = std::find_if(acting.rbegin(), acting.rend(), [](const Waiting& waiting) {
        return rank(waiting.entry) == Rank::cancel;
    });
    return last_cancel.base();
}

bool Line::is_acting(const base::Client& client) const {
    return std::ranges::find(acting_, client) != acting_.end();
}

const Line::Queue* Line::find(const base::Client& client) const {
    const auto found = std::ranges::find(queues_, client, &Queue::client);
    return found == queues_.end() ? nullptr : &*found;
}

Line::Queue& Line::queue_of(const base::Client& client) {
    const auto found = std::ranges::find(queues_, client, &Queue::client);
    if (found != queues_.end()) return *found;
    return queues_.emplace_back(Queue{client, {}, {}});
}

bool Line::is_next_of_client(const Entry& entry) const {
    if (!acts(entry)) return true;
    if (is_acting(entry.client)) return false;
    const Queue* queue = find(entry.client);
    return !queue || place_in(queue->acting, entry) == queue->acting.begin();
}

std::vector<Line::Ticket> Line::drop_overtaken(const Entry& entry) {
    std::vector<Ticket> dropped;
    if (entry.endpoint->name != "CancelAll" || entry.repeat) return dropped;
    if (const Queue* queue = find(entry.client)) {
        for (const Waiting& waiting : queue->acting)
            if (waiting.entry.endpoint->effect == Effect::place) dropped.push_back(waiting.ticket);
    }
    for (const Ticket ticket : dropped)
        leave(ticket);
    return dropped;
}

Line::Joined Line::join(const Entry& entry) {
    Queue& queue = queue_of(entry.client);
    const Ticket ticket = ++last_;
    if (acts(entry)) {
        queue.acting.insert(place_in(queue.acting, entry), Waiting{ticket, entry});
    } else {
        queue.reading.insert(
            entry.repeat ? queue.reading.begin() : queue.reading.end(), Waiting{ticket, entry}
        );
    }
    ++size_;
    Joined joined{ticket};
    if (size_ > most_) joined.put_out = put_out();
    return joined;
}

// The newest of the lowest rank there is, of the client that has most of these.
std::optional<Line::Ticket> Line::put_out() {
    const Counts all = counts();
    const Rank lowest = all.reads ? Rank::read : all.placements ? Rank::placement : Rank::cancel;
    std::size_t most = 0;
    Ticket newest = 0;
    for (const Queue& queue : queues_) {
        std::size_t count = 0;
        Ticket newest_here = 0;
        for (const Waitings* waitings : {&queue.acting, &queue.reading}) {
            for (const Waiting& waiting : *waitings) {
                if (rank(waiting.entry) != lowest) continue;
                ++count;
                newest_here = std::max(newest_here, waiting.ticket);
            }
        }
        if (count < most || (count == most && newest_here < newest)) continue;
        most = count;
        newest = newest_here;
    }
    leave(newest);
    return newest;
}

bool Line::is_due(Ticket ticket) const {
    const auto is_it = [ticket](const Waiting& waiting) { return waiting.ticket == ticket; };
    return std::ranges::any_of(queues_, [&](const Queue& queue) {
        if (std::ranges::any_of(queue.reading, is_it)) return true;
        return !queue.acting.empty() && is_it(queue.acting.front()) && !is_acting(queue.client);
    });
}

void Line::leave(Ticket ticket) {
    const auto is_it = [ticket](const Waiting& waiting) { return waiting.ticket == ticket; };
    for (auto queue = queues_.begin(); queue != queues_.end(); ++queue) {
        const auto erased = std::erase_if(queue->acting, is_it) + std::erase_if(queue->reading, is_it);
        if (erased == 0) continue;
        size_ -= erased;
        if (queue->acting.empty() && queue->reading.empty()) queues_.erase(queue);
        return;
    }
}

// The first, but where that is held back, the first cancel that may pass it.
Line::Waitings::iterator Line::first_to_go(Waitings& acting, const FindWay& find) {
    const auto first = acting.begin();
    const auto passing =
        std::ranges::find_if(acting, [](const Waiting& waiting) { return waiting.entry.passes_held; });
    if (passing == acting.end() || rank(first->entry) == Rank::cancel) return first;
    const Way way = find(first->entry);
    return way.look && !way.lane ? passing : first;
}

Line::Next Line::next(const FindWay& find) {
    Next next;
    kept_ = 0;
    const auto way_of = [&](const Waiting& waiting) {
        const Way way = find(waiting.entry);
        if (!way.lane && way.look) next.look = std::min(*way.look, next.look.value_or(TimePoint::max()));
        return way;
    };
    for (const Rank turn : {Rank::cancel, Rank::placement}) {
        for (auto queue = queues_.begin(); queue != queues_.end(); ++queue) {
            if (queue->acting.empty() || is_acting(queue->client)) continue;
            const auto first = first_to_go(queue->acting, find);
            if (rank(first->entry) != turn) continue;
            if (const auto lane = way_of(*first).lane) {
                next.chosen = go(queue, queue->acting, first, *lane);
                return next;
            }
        }
    }
    for (const bool settling : {!settled_last_, settled_last_}) {
        for (auto queue = queues_.begin(); queue != queues_.end(); ++queue) {
            for (auto waiting = queue->reading.begin(); waiting != queue->reading.end(); ++waiting) {
                if (waiting->entry.settles != settling) continue;
                const Way way = way_of(*waiting);
                if (way.lane && !is_kept(kept_, *way.lane)) {
                    settled_last_ = settling;
                    next.chosen = go(queue, queue->reading, waiting, *way.lane);
                    return next;
                }
                if (!way.lane) kept_ |= way.no_room;
            }
        }
    }
    return next;
}

bool Line::is_kept(std::uint64_t lanes, std::size_t lane) {
    constexpr std::size_t bits = 64;  // more keys than anybody has
    return lane < bits && ((lanes >> lane) & 1) != 0;
}

bool Line::is_kept_from(const Entry& entry, std::size_t lane) const {
    return size_ > 0 && !acts(entry) && is_kept(kept_, lane);
}

Line::Next::Chosen Line::go(
    std::list<Queue>::iterator queue, Waitings& from, Waitings::iterator waiting, std::size_t lane
) {
    const Next::Chosen chosen{waiting->ticket, lane};
    begin(waiting->entry);
    from.erase(waiting);
    --size_;
    if (queue->acting.empty() && queue->reading.empty()) {
        queues_.erase(queue);
    } else {
        queues_.splice(queues_.end(), queues_, queue);
    }
    return chosen;
}

void Line::begin(const Entry& entry) {
    if (acts(entry)) acting_.push_back(entry.client);
}

void Line::end(const Entry& entry) {
    if (!acts(entry)) return;
    acting_.erase(std::ranges::find(acting_, entry.client));
}

Line::Counts Line::counts() const {
    Counts counts;
    for (const Queue& queue : queues_) {
        counts.reads += queue.reading.size();
        const auto cancels = std::ranges::count_if(queue.acting, [](const Waiting& waiting) {
            return rank(waiting.entry) == Rank::cancel;
        });
        counts.cancels += static_cast<std::size_t>(cancels);
        counts.placements += queue.acting.size() - static_cast<std::size_t>(cancels);
    }
    return counts;
}

}  // namespace krakken::account
