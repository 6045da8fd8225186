#pragma once

// "start", "end" and "ofs", which ClosedOrders, TradesHistory and Ledgers share. Start is exclusive, end
// inclusive; both are unix seconds or the id of an entry.

#include <optional>

#include "tests/exchange/venue/arguments.hpp"
#include "tests/exchange/venue/refusal.hpp"

namespace exchange {

struct Page {
    std::optional<Time> after;
    std::optional<Time> until;
    std::size_t offset = 0;

    bool covers(Time time) const { return (!after || time > *after) && (!until || time <= *until); }
};

// `time_of` gives the time of the entry with an id, or nothing.
template <class TimeOf>
Page read_page(Arguments& args, TimeOf time_of) {
    const auto bound = [&](std::string_view name) -> std::optional<Time> {
        const auto text = args.text(name);
        if (!text) return {};
        if (const auto seconds = Amount::parse(*text); seconds && !seconds->is_negative()) {
            const auto nanoseconds = parse_whole(seconds->times(Amount::of_units(1'000'000'000)).show(0));
            if (nanoseconds) return Time(std::chrono::nanoseconds(*nanoseconds));
        } else if (const std::optional<Time> time = time_of(*text)) {
            return time;
        }
        refuse_argument(name);
    };
    Page page;
    page.after = bound("start");
    page.until = bound("end");
    page.offset = std::size_t(args.whole("ofs", 0, 1'000'000'000).value_or(0));
    return page;
}

}  // namespace exchange
