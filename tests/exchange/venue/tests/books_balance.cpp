// A long random sequence of calls, with the books audited after each.

#include <catch2/catch.hpp>
#include <random>

#include "tests/exchange/venue/tests/bench.hpp"

using namespace exchange;

namespace {

class Trader {
public:
    explicit Trader(std::uint32_t seed) : random_(seed), bench_(settings(seed)) {
        bench_.venue.add_withdraw_address("alice", "cold", "XXBT", "bc1qcold");
    }

    void step() {
        bench_.now += std::chrono::milliseconds(pick(9000));
        bench_.as(pick(2) ? "alice" : "bob");
        switch (pick(14)) {
            case 0:
                return forget(bench_.ask("CancelOrder", {{"txid", known()}}));
            case 1:
                return forget(bench_.ask("AmendOrder", {{"txid", known()}, {"order_qty", volume()}}));
            case 2:
                return forget(bench_.ask("AmendOrder", {{"txid", known()}, {"limit_price", near()}}));
            case 3:
                return forget(bench_.ask(
                    "EditOrder",
                    {{"txid", known()}, {"pair", "XBTUSD"}, {"volume", volume()}, {"price", near()}}
                ));
            case 4:
                return place({{"ordertype", "market"}, {"oflags", pick(2) ? "fcib" : "fciq"}});
            case 5:
                return place({{"ordertype", "stop-loss"}, {"price", near()}});
            case 6:
                return place({{"ordertype", "trailing-stop-limit"}, {"price", "+0.1%"}, {"price2", "+1"}});
            case 7:
                return place(
                    {{"ordertype", "limit"},
                     {"price", near()},
                     {"close[ordertype]", "limit"},
                     {"close[price]", near()}}
                );
            case 8:
                return place({{"ordertype", "market"}, {"leverage", "3"}});
            case 10:
                return place({{"ordertype", "limit"}, {"price", near()}, {"leverage", "2"}});
            case 9:
                return odd_job();
            default:
                return place(
                    {{"ordertype", "limit"},
                     {"price", near()},
                     {"stptype", pick(2) ? "cancel-oldest" : "cancel-both"}}
                );
        }
    }

    Bench& bench() { return bench_; }
    std::size_t accepted() const { return accepted_; }

private:
    static Settings settings(std::uint32_t seed) {
        Settings settings;
        settings.seed = seed;
        if (seed % 2 == 1) settings.fill_slice = "0.0317";
        return settings;
    }

    unsigned pick(unsigned below) { return unsigned(random_() % below); }
    std::string volume() { return "0." + std::to_string(1000 + pick(9000)) + std::to_string(pick(10'000)); }
    std::string near() { return (pick(2) ? "+0." : "-0.") + std::to_string(pick(100)) + "%"; }
    std::string known() { return ids_.empty() ? "OAAAAA-BBBBB-CCCCCC" : ids_[pick(unsigned(ids_.size()))]; }
    void forget(const Answer&) {}

    void place(Fields fields) {
        fields.insert(
            fields.end(), {{"type", pick(2) ? "buy" : "sell"}, {"volume", volume()}, {"pair", "XBTUSD"}}
        );
        const auto id = bench_.place(fields);
        if (!id.starts_with("O")) return;
        ++accepted_;
        ids_.push_back(id);
        if (ids_.size() > 12) ids_.erase(ids_.begin());
    }

    void odd_job() {
        switch (pick(5)) {
            case 0:
                return forget(bench_.ask("Withdraw", {{"asset", "XBT"}, {"key", "cold"}, {"amount", "0.01"}})
                );
            case 1:
                return forget(bench_.ask(
                    "WalletTransfer",
                    {{"asset", "USD"}, {"from", "Spot Wallet"}, {"to", "Futures Wallet"}, {"amount", "5.01"}}
                ));
            case 2:
                return forget(
                    bench_.ask("Earn/Allocate", {{"strategy_id", "ESMWVX6-JAPVY-23L3CV"}, {"amount", "0.2"}})
                );
            case 3:
                return forget(bench_.ask("CancelAllOrdersAfter", {{"timeout", "20"}}));
            default:
                return forget(bench_.ask("CancelAll", Fields{}));
        }
    }

    std::mt19937 random_;
    Bench bench_;
    std::vector<std::string> ids_;
    std::size_t accepted_ = 0;
};

}  // namespace

TEST_CASE("the books balance after every one of many random calls") {
    const auto seed = GENERATE(1U, 2U, 3U, 4U);
    CAPTURE(seed);
    Trader trader(seed);
    for (int i = 0; i < 160; ++i) {
        CAPTURE(i);
        trader.step();
        REQUIRE(trader.bench().venue.audit() == std::vector<std::string>{});
    }
    CHECK(trader.accepted() > 40);
    CHECK(trader.bench().result("TradesHistory").at("count").as_int64() > 10);
}

TEST_CASE("the same seed and calls give the same answers, another seed gives others") {
    const auto play = [](std::uint32_t seed) {
        Trader trader(seed);
        for (int i = 0; i < 60; ++i)
            trader.step();
        return trader.bench().text("Balance") + trader.bench().text("Ledgers");
    };
    CHECK(play(5) == play(5));
    CHECK(play(5) != play(7));
}
