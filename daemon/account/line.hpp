#pragma once

// Who goes when: the calls of one account that wait until one of its lanes is free. Cancels go first, then
// what places, then what reads; equals go by turns, client by client, so that a greedy one starves nobody.
// What one client places and cancels keeps its order. Sans-io: what the lanes can do now is asked of whoever
// knows them.

#include "base/caller.hpp"
#include "base/types.hpp"
#include "protocol/endpoints.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <vector>

namespace krakken::account {

struct Ration;

class Line {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    using Ticket = std::uint64_t;

    struct Entry {
        const protocol::Endpoint* endpoint;  // of the table, never null
        base::Client client = {};
        bool repeat = false;  // it was sent before, so it stands before its client's others
        // A cancel that cannot mean an order which its client has waiting: it passes those that are held
        // back.
        bool passes_held = false;
        // A question of the daemon's own about what became of a placement: such ones and what clients read go
        // by turns.
        bool settles = false;
        const base::KeyId* only_key = nullptr;  // another will not do; it lives as long as the entry waits
        // What it takes of Kraken's limits, and is given with its turn. It lives as long as the entry waits;
        // nothing to the line itself.
        Ration* ration = nullptr;
    };

    // How an entry could be sent now.
    struct Way {
        std::optional<std::size_t> lane = {};  // free, and its key may: this one
        // None; the entry is held back, but perhaps no longer than until then.
        std::optional<TimePoint> look = {};
        // These lanes, as bits, suit it and have no room: no read goes there before this one, or cheaper ones
        // would pass it for ever.
        std::uint64_t no_room = 0;
    };
    using FindWay = std::function<Way(const Entry&)>;

    struct Joined {
        Ticket ticket;
        std::optional<Ticket> put_out = {};  // there is no room for this one; it may be the one that came
    };
    struct Next {
        struct Chosen {
            Ticket ticket;
            std::size_t lane;
        };
        std::optional<Chosen> chosen = {};
        std::optional<TimePoint> look = {};  // none: ask again then, if nothing happens before
    };
    struct Counts {
        std::size_t cancels = 0;
        std::size_t placements = 0;
        std::size_t reads = 0;
    };

    // No more than so many wait.
    void bound(std::size_t most) { most_ = most; }

    // An entry that comes need not wait for others of its client: with a way it may go without joining.
    // Others are not in its way, since whoever had one has gone, unless the lane is kept for them.
    bool is_next_of_client(const Entry& entry) const;
    bool is_kept_from(const Entry& entry, std::size_t lane) const;
    // Drops, for a CancelAll that comes, its client's waiting placements: their orders are not wanted any
    // more.
    std::vector<Ticket> drop_overtaken(const Entry& entry);
    Joined join(const Entry& entry);
    // Only a lane is missing to it: none of its client's others is in its way.
    bool is_due(Ticket ticket) const;
    // It waits no longer.
    void leave(Ticket ticket);

    // Whoever goes now; it waits no longer, and has begun.
    Next next(const FindWay& find);

    // A call is under way, and it is over: until then no other goes that its client placed or cancelled
    // later.
    void begin(const Entry& entry);
    void end(const Entry& entry);

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    Counts counts() const;

private:
    enum class Rank { cancel, placement, read };

    struct Waiting {
        Ticket ticket;
        Entry entry;
    };
    using Waitings = std::list<Waiting>;
    struct Queue {
        base::Client client;
        Waitings acting;  // in the order in which they are to be sent
        Waitings reading;
    };

    static bool acts(const Entry& entry);
    static Rank rank(const Entry& entry);
    static bool is_kept(std::uint64_t lanes, std::size_t lane);
    static Waitings::iterator first_to_go(Waitings& acting, const FindWay& find);
    static Waitings::const_iterator place_in(const Waitings& acting, const Entry& entry);
    bool is_acting(const base::Client& client) const;
    const Queue* find(const base::Client& client) const;
    Queue& queue_of(const base::Client& client);
    std::optional<Ticket> put_out();
    Next::Chosen go(
        std::list<Queue>::iterator queue, Waitings& from, Waitings::iterator waiting, std::size_t lane
    );

    std::list<Queue> queues_;           // whose client's turn is next stands first
    std::vector<base::Client> acting_;  // clients of calls under way that act
    std::uint64_t kept_ = 0;            // lanes that wait for room, as bits; for reads
    bool settled_last_ = false;         // the last read that went
    std::size_t size_ = 0;
    std::size_t most_ = 0;
    Ticket last_ = 0;
};

}  // namespace krakken::account
