#pragma once

// A venue on a test's desk: an account with money, a clock, prices that hold still, and calls in one line.

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tests/exchange/venue/venue.hpp"

namespace exchange {

using Fields = std::vector<std::pair<std::string, std::string>>;
using namespace std::chrono_literals;

inline Params form(const Fields& fields) {
    Params params;
    for (const auto& [name, value] : fields)
        params.emplace_back(name, Param{Param::Kind::text, value, {}, {}});
    return params;
}

inline Params without(Params params, std::string_view name) {
    std::erase_if(params, [&](const auto& param) { return param.first == name; });
    return params;
}

struct Bench {
    Time now = Time(std::chrono::seconds(1'760'000'000));
    Venue venue;
    Caller caller;

    explicit Bench(Settings settings = pinned(), Tier tier = Tier::intermediate)
        : venue(std::move(settings)) {
        venue.add_account("alice", tier, {{"ZUSD", "100000"}, {"XXBT", "10"}, {"XETH", "50"}});
        venue.add_account("bob", tier, {{"ZUSD", "100000"}, {"XXBT", "10"}});
        caller = {
            "alice",
            tier,
            {"query-open-trades", "query-closed-trades", "query-funds", "withdraw-funds", "add-funds"}
        };
    }

    static Settings pinned() {
        Settings settings;
        settings.pinned_prices = {{"XXBTZUSD", "30000.0"}, {"XETHZUSD", "2000.00"}};
        return settings;
    }

    Answer ask(std::string_view endpoint, const Params& params) {
        return venue.answer(Call{endpoint, params, &caller, now});
    }
    Answer ask(std::string_view endpoint, const Fields& fields = {}) { return ask(endpoint, form(fields)); }

    // The result, parsed; a refusal becomes its text, so that a failing test shows it.
    boost::json::value result(std::string_view endpoint, const Fields& fields = {}) {
        const Answer answer = ask(endpoint, fields);
        if (!answer.errors.empty()) return boost::json::value(answer.errors.front());
        return boost::json::parse(answer.result);
    }
    // The result as it was written.
    std::string text(std::string_view endpoint, const Fields& fields = {}) {
        const Answer answer = ask(endpoint, fields);
        return answer.errors.empty() ? answer.result : answer.errors.front();
    }
    std::string error(std::string_view endpoint, const Fields& fields = {}) {
        const Answer answer = ask(endpoint, fields);
        return answer.errors.empty() ? "" : answer.errors.front();
    }

    Fields limit(std::string side, std::string volume, std::string price, Fields more = {}) {
        more.insert(
            more.begin(),
            {{"ordertype", "limit"}, {"type", side}, {"volume", volume}, {"pair", "XBTUSD"}, {"price", price}}
        );
        return more;
    }
    Fields market(std::string side, std::string volume, Fields more = {}) {
        more.insert(
            more.begin(), {{"ordertype", "market"}, {"type", side}, {"volume", volume}, {"pair", "XBTUSD"}}
        );
        return more;
    }
    // The order's id, nothing when it was only validated, or the refusal.
    std::string place(const Fields& fields) {
        const Answer answer = ask("AddOrder", fields);
        if (!answer.errors.empty()) return answer.errors.front();
        const auto result = boost::json::parse(answer.result).as_object();
        return result.contains("txid") ? std::string(result.at("txid").at(0).as_string()) : "";
    }
    boost::json::object order(const std::string& id, const Fields& more = {}) {
        Fields fields = {{"txid", id}};
        fields.insert(fields.end(), more.begin(), more.end());
        return result("QueryOrders", fields).at(id).as_object();
    }
    std::string status(const std::string& id) { return std::string(order(id).at("status").as_string()); }
    std::string held(const std::string& asset) {
        return std::string(result("BalanceEx").at(asset).at("hold_trade").as_string());
    }
    std::string balance(const std::string& asset) {
        return std::string(result("Balance").at(asset).as_string());
    }
    void price(const std::string& pair, const std::string& value) {
        venue.settings().pinned_prices[pair] = value;
        now += 1s;
        venue.advance(now);
    }
    void as(const std::string& account) { caller.account = account; }
};

}  // namespace exchange
