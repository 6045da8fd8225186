#include "budget_text.hpp"

#include "protocol/json_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <vector>

namespace krakken::gate {

using account::RateCounter;
using account::Thousandths;

namespace {

std::string decimal(Thousandths value) {
    return fmt::format("{}.{:03}", value / account::one_point, value % account::one_point);
}

std::string show(const RateCounter& counter, account::Elapsed now) {
    return fmt::format(
        R"({{"used":{},"limit":{},"decay_per_s":{}}})",
        decimal(counter.used(now)),
        decimal(counter.limits().limit),
        decimal(counter.limits().decay_per_second)
    );
}

}  // namespace

std::string budget_text(const account::Account& account, account::Elapsed now) {
    const auto& budget = account.limits().budget();
    if (!budget.on()) return "";
    std::vector<std::string> keys;
    for (const auto& key : account.keys())
        keys.push_back(
            fmt::format(R"("{}":{})", key->info().key.hex(), show(key->lane()->rest().counter(), now))
        );
    std::vector<std::string> pairs;
    for (const auto& [pair, counter] : budget.trading().all())
        if (counter.used(now) > 0) pairs.push_back(protocol::quote(pair) + ':' + show(counter, now));
    return fmt::format(R"({{"rest":{{{}}},"pairs":{{{}}}}})", fmt::join(keys, ","), fmt::join(pairs, ","));
}

std::string budget_text(const account::PublicCalls& calls, account::Elapsed now) {
    return calls.on() ? show(calls.counter(), now) : "";
}

}  // namespace krakken::gate
