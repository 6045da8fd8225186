#pragma once

// What became of a call that acts once and whose answer was lost. Sans-io: it says what to do next and is
// told what came of it; the same events give the same verdict.
//
// Kraken accepts no nonce below the last one of a key whose window is 0. So once a later call of the same key
// has been answered (the fence), the lost one was either accepted before or never will be; and once the
// order's deadline is past, what was accepted has been executed or never will be. Only both together, and an
// order that is then nowhere to be seen, prove that it was not placed. Finding it proves that it was.
// Everything else is not known, and never guessed.

#include "account/matching.hpp"
#include "base/types.hpp"

#include <chrono>
#include <optional>
#include <variant>
#include <vector>

namespace krakken::account {

// A moment by the clock that never steps, and by Kraken's where that is known.
struct Moment {
    std::chrono::microseconds elapsed{0};
    std::optional<base::Time> kraken;
};

class Settling {
public:
    struct Patience {
        // An order may be missing from Kraken's lists for a while after it was placed.
        std::chrono::microseconds shown_after = std::chrono::seconds(15);
        // How long an order that has no deadline may still be on its way: proxies have held one for a minute.
        std::chrono::microseconds on_its_way = std::chrono::seconds(60);
        // Without a fence for so long, there will be none: another program uses the key, say.
        std::chrono::microseconds for_a_fence = std::chrono::minutes(10);
        // Each look costs 3 to 5 on the key's counter, which holds 15 to 20 and falls by 0.33 to 1 a second:
        // an order that is nowhere to be seen within seconds is seldom there later, so they grow quickly.
        std::chrono::microseconds first_pause = std::chrono::milliseconds(500);
        std::chrono::microseconds longest_pause = std::chrono::seconds(8);
    };

    // What to do next.
    struct AskTime {};   // Kraken's, by which the deadline is told
    struct AskFence {};  // a call of the same key; its answer tells the key's window
    struct LookUp {      // one round of look-ups
        bool decides;    // it is late enough to prove absence, so nothing may be left out
    };
    struct Wait {
        std::chrono::microseconds pause;
    };
    struct Placed {
        std::vector<Finding> findings;  // a trace for each row, but for those that were refused beside them
    };
    struct NotPlaced {};
    struct Unknown {
        std::vector<Finding> findings;  // of the last round
        std::string why;                // a clause for a person
    };
    using Step = std::variant<AskTime, AskFence, LookUp, Wait, Placed, NotPlaced, Unknown>;

    // `begun`: now, when it is known that the answer is lost (or after a restart).
    Settling(const Sought& sought, Moment begun, Patience patience);

    Step next(Moment now);

    // So long it waited for its turn to ask, which says nothing about what can be asked.
    void waited_for_its_turn(std::chrono::microseconds time) { in_line_ += time; }
    // The pause is over.
    void waited() { pause_until_.reset(); }
    // Kraken has told its time, or not: then it is asked again before the next look.
    void time_asked() { time_due_ = false; }
    // A later nonce of the key was answered with a result; `window` is what it told of the key's window.
    void fenced(std::optional<std::uint64_t> window, bool sees_all = true);
    // It was not answered; it is tried again before the next look.
    void fence_failed() { fence_due_ = false; }
    // It never will be: the key is not there any more, or may not ask.
    void no_fence();
    // All look-ups of the round that began at `begun` were answered.
    void looked(Moment begun, std::vector<Finding> findings, Moment now);
    // One of them was not; a key that lacks the permission to look (`denied`) will not see more later.
    void look_failed(Moment now, bool denied);

private:
    enum class Fence { open, passed, impossible };

    Step judge(Moment now) const;
    void pause(Moment now);
    bool is_over(Moment moment) const;
    std::optional<std::chrono::microseconds> left(Moment moment) const;
    bool may_disprove() const;
    std::string why_unknown() const;

    Patience patience_;
    std::optional<base::Time> deadline_;
    bool can_be_seen_;
    std::chrono::microseconds begun_;
    std::chrono::microseconds in_line_{0};

    Fence fence_ = Fence::open;
    bool window_is_zero_ = false;
    bool sees_all_ = false;
    bool fence_due_ = true;
    bool time_due_ = true;

    struct Look {
        std::vector<Finding> findings;
        bool behind_fence;  // it began when the fence was passed
        bool is_last;       // it began when whatever was accepted had to show
    };
    std::optional<Look> look_;  // the latest whole one
    bool denied_ = false;
    std::optional<std::chrono::microseconds> pause_until_;
    std::chrono::microseconds next_pause_;
};

}  // namespace krakken::account
