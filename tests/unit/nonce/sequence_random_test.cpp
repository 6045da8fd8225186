// nonce/sequence against a hundred thousand random steps: what was once given out is never reached again.

#include "nonce/sequence.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>
#include <random>

namespace {

using krakken::base::Nonce;
using krakken::base::NonceUnit;
using krakken::base::Time;
using krakken::nonce::Sequence;

// A key's sequence and the disk under it, where a save is asked for, and later done or lost.
class World {
public:
    World(unsigned seed, NonceUnit unit) : random_(seed), unit_(unit) {}

    void step() {
        switch (pick(12)) {
            case 0:
            case 1:
            case 2:
            case 3:
                return take();
            case 4:
                return ask_for_a_save();
            case 5:
                return complete_the_save();
            case 6:
                asked_.reset();  // the save failed, or has not been done when the power went
                return;
            case 7:
                return restart();
            case 8:
                return raise();
            case 9:
                return move();
            default:
                return move_clock();
        }
    }

    std::uint64_t taken() const { return taken_; }

private:
    std::int64_t pick(std::int64_t below) {
        return std::uniform_int_distribution<std::int64_t>(0, below - 1)(random_);
    }

    void take() {
        const auto nonce = sequence_.take(now_);
        if (!nonce) return;
        ++taken_;
        if (nonce->value() <= highest_) FAIL("took " << nonce->value() << " after " << highest_);
        if (nonce->value() > durable_) FAIL("took " << nonce->value() << " above " << durable_);
        if (sequence_.unit() > unit_) FAIL("took " << nonce->value() << " of a unit that is not on disk");
        highest_ = nonce->value();
    }

    void ask_for_a_save() {
        if (!asked_) asked_ = Save{sequence_.wanted_bound(now_), sequence_.unit()};
    }

    void write() {
        durable_ = std::max(durable_, asked_->bound.value());
        unit_ = std::max(unit_, asked_->unit);
    }

    void complete_the_save() {
        if (!asked_) return;
        write();
        sequence_.bound_saved(asked_->bound, now_);
        asked_.reset();
    }

    // A save that was asked for may or may not have reached the disk.
    void restart() {
        if (asked_ && pick(2) == 0) write();
        asked_.reset();
        sequence_ = Sequence(durable_, unit_);
    }

    void raise() {
        if (pick(100) == 0) sequence_.raise(sequence_.last() + static_cast<std::uint64_t>(pick(2'000'000)));
    }

    // Never while something is being saved.
    void move() {
        if (!asked_ && pick(1000) == 0) sequence_.move_to(static_cast<NonceUnit>(pick(3)));
    }

    void move_clock() {
        constexpr std::int64_t spans[] = {1, 1'000, 1'000'000, 60'000'000, 3'600'000'000};
        const std::int64_t span = spans[pick(5)];
        now_ += std::chrono::microseconds(pick(2 * span) - span / 2);
    }

    std::mt19937 random_;
    NonceUnit unit_;  // on disk
    Time now_{std::chrono::seconds(1'700'000'000)};
    Sequence sequence_{0, unit_};
    struct Save {
        Nonce bound;
        NonceUnit unit;
    };
    std::optional<Save> asked_;
    std::uint64_t durable_ = 0;
    std::uint64_t highest_ = 0;
    std::uint64_t taken_ = 0;
};

}  // namespace

TEST_CASE("no value is given out twice or above the durable bound, whatever happens") {
    const auto seed = GENERATE(1U, 20261120U, 4294967295U);
    const auto unit = GENERATE(NonceUnit::microseconds, NonceUnit::nanoseconds);
    CAPTURE(seed);
    World world(seed, unit);
    for (int step = 0; step < 100'000; ++step)
        world.step();
    CHECK(world.taken() > 1'000);
}
