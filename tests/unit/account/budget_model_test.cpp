// account/budget against the simulated exchange's own counters, which know when a call arrives and share no
// code with it: random traffic that asks the budget is never refused for its rate, however Kraken's counter
// steps and whenever between request and answer it counts.

#include "account/budget.hpp"
#include "account/rest_counter.hpp"
#include "tests/exchange/admission/rest_counter.hpp"
#include "tests/exchange/venue/counters.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <random>

namespace {

using namespace krakken;
using namespace std::chrono_literals;
using account::Budget;
using account::Elapsed;

struct Model {
    base::Tier ours;
    exchange::Tier theirs;
};

// One account with two keys at Kraken, and traffic over both, several calls under way at once.
class World {
public:
    World(unsigned seed, Model tier, std::int64_t step_ms)
        : random_(seed),
          tier_(tier),
          step_ms_(step_ms),
          reads_most_(seed % 2 == 0),
          budget_(std::make_shared<Budget>(tier.ours, now_)),
          keys_{account::RestCounter(tier.ours), account::RestCounter(tier.ours)} {}

    void step() {
        pass(Elapsed(pick(20) == 0 ? pick(8'000'000) : pick(30'000)));
        if (reads_most_ && pick(4) != 0) return read();
        switch (pick(12)) {
            case 0:
            case 1:
                return read();
            case 2:
            case 3:
            case 4:
            case 5:
                return place();
            case 6:
            case 7:
                return change("AmendOrder", exchange::Penalty::amend);
            case 8:
                return change("EditOrder", exchange::Penalty::edit);
            default:
                return cancel();
        }
    }

    std::size_t sent() const { return sent_; }
    Elapsed waited() const { return waited_; }

private:
    using Happening = std::function<void()>;
    struct Order {
        std::string pair;
        exchange::Time changed;
    };
    struct Sending {
        std::string_view endpoint;
        std::string parameters;
        std::string result;
        Happening arrives;   // at Kraken
        Happening answered;  // here
    };

    std::int64_t pick(std::int64_t below) {
        return std::uniform_int_distribution<std::int64_t>(0, below - 1)(random_);
    }
    exchange::Time there() const { return exchange::Time(now_); }

    void pass(Elapsed time) {
        const Elapsed until = now_ + time;
        while (!coming_.empty() && coming_.begin()->first <= until) {
            const auto next = coming_.extract(coming_.begin());
            now_ = next.key();
            next.mapped()();
        }
        now_ = until;
    }

    // Waits as the budget says; counts at Kraken at some moment on the way, and settles with the answer.
    void call(Sending sending) {
        const auto* row = protocol::find_endpoint(sending.endpoint);
        const auto touch = account::touch_of(*row, kraken::Parameters::parse(sending.parameters).value());
        const auto which = static_cast<std::size_t>(pick(2));
        account::RestCounter& key = keys_[which];
        while (true) {
            const Elapsed ready = std::max(key.ready_at(*row, now_), budget_->ready_at(touch, now_));
            if (ready <= now_) break;
            waited_ += ready - now_;
            pass(ready - now_);
        }
        const auto hold = std::make_shared<Budget::Hold>(budget_->reserve(touch, now_));
        key.begin(*row);
        const auto call = std::make_shared<Sending>(std::move(sending));
        const Elapsed way = Elapsed(pick(pick(4) == 0 ? 1'500'000 : 40'000));
        // Nobody held a cancel back, so it may use up the room of a placement that it overtakes: not here.
        const bool overtakes = row->effect != protocol::Effect::cancel;
        const Elapsed arrival = overtakes ? now_ + way : std::max(now_ + way, last_arrival_);
        last_arrival_ = std::max(last_arrival_, arrival);
        coming_.emplace(arrival, [this, row, which, call] {
            const bool counts = row->effect != protocol::Effect::cancel;
            if (counts && !counters_[which].charge(row->cost, tier_.theirs, step_ms_, there()))
                FAIL(call->endpoint << " exceeds the key's limit after " << sent_ << " calls");
            // A cancel that costs a point finds it, whoever reads.
            if (auto then = counters_[which]; !then.charge(1, tier_.theirs, step_ms_, there()))
                FAIL("no room for a cancel after " << sent_ << " calls");
            if (call->arrives) call->arrives();
            ++sent_;
        });
        coming_.emplace(arrival + Elapsed(1 + pick(40'000)), [this, row, &key, hold, call] {
            kraken::Attempt attempt;
            attempt.end = kraken::Attempt::End::answered;
            attempt.answer.result = call->result;
            key.end(*row, attempt, now_, {});
            hold->settle(attempt, now_);
            if (call->answered) call->answered();
        });
    }

    void trade(std::string_view endpoint, const std::string& pair, int halves) {
        if (!trading_.admits("a", pair, tier_.theirs, there()))
            FAIL(endpoint << " exceeds the limit of " << pair << " after " << sent_ << " calls");
        trading_.charge_halves("a", pair, tier_.theirs, halves, there());
    }

    void read() {
        const char* const reads[] = {"Balance", "Ledgers", "OpenOrders", "GetWebSocketsToken"};
        call({reads[pick(4)], "", "{}", {}, {}});
    }

    void place() {
        const std::string pair = pick(4) == 0 ? "ETHUSD" : "XBTUSD";
        const std::string id = new_id();
        const int rows = pick(6) == 0 ? static_cast<int>(2 + pick(14)) : 1;
        std::string parameters = R"({"pair":")" + pair + '"';
        std::string result = R"({"txid":[")" + id + R"("]})";
        if (rows > 1) {
            parameters += R"(,"orders":[{})";
            result = R"({"orders":[{"txid":")" + id + R"("})";
            for (int more = 1; more < rows; ++more) {
                parameters += ",{}";
                result += R"(,{"error":"EOrder:Insufficient funds"})";
            }
            parameters += ']';
            result += "]}";
        }
        const char* endpoint = rows > 1 ? "AddOrderBatch" : "AddOrder";
        const auto created = std::make_shared<exchange::Time>();
        call({
            endpoint,
            parameters + '}',
            result,
            [=, this] {
                trade(endpoint, pair, rows > 1 ? rows : 2);
                *created = there();
            },
            [=, this] { orders_[id] = {pair, *created}; },
        });
    }

    // One change of an order at a time, as what one client does keeps its order.
    void change(std::string_view endpoint, exchange::Penalty penalty) {
        const auto picked = any_order();
        if (!picked) return;
        const std::string id = *picked;
        const auto order = std::make_shared<Order>(orders_.extract(id).mapped());
        const std::string next = penalty == exchange::Penalty::edit ? new_id() : id;
        call({
            endpoint,
            R"({"txid":")" + id + R"(","pair":")" + order->pair + R"("})",
            R"({"txid":")" + next + R"("})",
            [=, this] {
                trade(endpoint, order->pair, 2 * exchange::age_cost(penalty, there() - order->changed));
                order->changed = there();
            },
            [=, this] { orders_[next] = *order; },
        });
    }

    // Never held back, so it may be refused; what it costs must be in the budget all the same.
    void cancel() {
        const auto picked = any_order();
        if (!picked) return;
        const std::string id = *picked;
        const Order order = orders_.extract(id).mapped();
        call({
            "CancelOrder",
            R"({"txid":")" + id + R"("})",
            R"({"count":1})",
            [=, this] {
                const int cost = exchange::age_cost(exchange::Penalty::cancel, there() - order.changed);
                trading_.charge("a", order.pair, tier_.theirs, cost, there());
            },
            {},
        });
    }

    // Ids rise, and young orders are changed more often, since they cost most.
    std::string new_id() { return fmt::format("O{:06}", ++last_id_); }
    std::optional<std::string> any_order() {
        if (orders_.empty()) return std::nullopt;
        const auto count = static_cast<std::int64_t>(orders_.size());
        const auto back = pick(2) == 0 ? pick(std::min<std::int64_t>(count, 5)) : pick(count);
        return std::prev(orders_.end(), back + 1)->first;
    }

    std::mt19937 random_;
    Model tier_;
    std::int64_t step_ms_;
    bool reads_most_;
    Elapsed now_ = 1h;
    std::multimap<Elapsed, Happening> coming_;
    Elapsed last_arrival_{0};
    std::shared_ptr<Budget> budget_;
    account::RestCounter keys_[2];
    exchange::front::RestCounter counters_[2];
    exchange::TradingCounter trading_;
    std::map<std::string, Order> orders_;
    std::size_t sent_ = 0;
    std::int64_t last_id_ = 0;
    Elapsed waited_{0};
};

}  // namespace

TEST_CASE("random traffic through the budget never gets a rate refusal") {
    const Model tier = GENERATE(
        Model{base::Tier::starter, exchange::Tier::starter},
        Model{base::Tier::intermediate, exchange::Tier::intermediate},
        Model{base::Tier::pro, exchange::Tier::pro}
    );
    const auto step_ms = GENERATE(as<std::int64_t>(), 2000, 0);
    const auto seed = GENERATE(range(1U, 4U));
    CAPTURE(seed, step_ms, base::name(tier.ours));
    World world(seed, tier, step_ms);
    for (int step = 0; step < 2000; ++step)
        world.step();
    CHECK(world.sent() > 1500);
    CHECK(world.waited() > 10s);  // or it was no trial
}
