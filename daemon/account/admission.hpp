#pragma once

// Lets the calls of one account through to its lanes, as their line says.

#include "account/keys.hpp"
#include "account/line.hpp"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace krakken::account {

class Admission final : public std::enable_shared_from_this<Admission>, private Lane::Watcher {
public:
    // Whose turn it is now.
    using Goes = std::function<void(const Line::Entry& entry)>;

    // `keys` outlives every call. `find_way` says how an entry could be sent now over them; whom it holds
    // back, it is asked about again.
    Admission(boost::asio::any_io_executor executor, const Keys& keys, Line::FindWay find_way, Goes goes);
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;
    ~Admission();

    // A lane for one call; given on whatever happens.
    class Pass {
    public:
        Pass(Pass&& other) noexcept;
        Pass& operator=(Pass&&) = delete;
        ~Pass();

        const std::shared_ptr<Key>& key() const { return key_; }
        const Lane::Turn& turn() const { return *turn_; }

    private:
        friend class Admission;
        Pass(
            std::shared_ptr<Admission> admission, Line::Entry entry, std::shared_ptr<Key> key, Lane::Turn turn
        );

        std::shared_ptr<Admission> admission_;
        Line::Entry entry_;
        std::shared_ptr<Key> key_;
        std::optional<Lane::Turn> turn_;
    };

    // Where nothing is in the way. A CancelAll drops its client's waiting placements, whatever follows.
    std::optional<Pass> enter_if_free(const Line::Entry& entry);
    // Behind it: waits in the line. timeout, overloaded, order (overtaken by a CancelAll).
    awaitable<Result<Pass>> enter(Line::Entry entry, std::chrono::steady_clock::time_point deadline);

    // There are other keys, or one of them serves again.
    void keys_changed();
    // Whom `find_way` held back may have a way now.
    void limits_changed() { let_go(); }

    const Line& line() const { return line_; }

private:
    struct Waiter {
        Line::Entry entry;
        boost::asio::steady_timer wake;
        std::optional<Result<Pass>> outcome = {};
    };
    class InLine;

    void lane_is_free() override { let_go(); }
    void let_go();
    void make_way_for(Line::Ticket ticket, const Line::Entry& entry);
    void look_again(std::optional<std::chrono::steady_clock::time_point> when);
    Pass take(std::size_t lane, const Line::Entry& entry);
    void settle(Line::Ticket ticket, Result<Pass> outcome);
    void unwatch();

    boost::asio::any_io_executor executor_;
    const Keys& keys_;
    Line line_;
    Line::FindWay find_way_;
    Goes goes_;
    std::map<Line::Ticket, Waiter*> waiters_;
    std::vector<std::shared_ptr<Lane>> watched_;
    boost::asio::steady_timer look_;  // at who is held back
};

}  // namespace krakken::account
