#pragma once

// Accounts on a bench: the real room over fakes of keeper, disk, network and clock.

#include "account/accounts.hpp"
#include "support/event_loop.hpp"
#include "support/fake_keeper.hpp"
#include "support/fake_upstream.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_store.hpp"

#include <chrono>
#include <string_view>

namespace krakken::test {

struct Bench {
    // Kraken's limits are modelled in few tests, as the clock that they go by stands still.
    enum class Limits { off, modelled };
    explicit Bench(account::AccountSettings wanted = {}, Limits limits = Limits::off)
        : settings(std::move(wanted)) {
        settings.rate_model = limits == Limits::modelled;
        accounts.configure(settings);
    }

    // As if Kraken had just told its time, which is the test's: else a placement asks for it first.
    void tell_time() {
        server_clock.observe(
            std::chrono::floor<std::chrono::seconds>(clock.time), clock.passed, clock.passed
        );
    }

    EventLoop loop;
    ManualClock clock;
    FakeKeeper keeper;
    MemoryStore store{loop.context.get_executor()};
    FakeUpstream upstream{loop.context.get_executor()};
    kraken::Api api{upstream, std::chrono::seconds(30)};
    kraken::ServerClock server_clock{clock};
    account::Services services{
        loop.context.get_executor(), keeper, store, api, server_clock, std::chrono::microseconds(0)
    };
    account::AccountSettings settings;
    account::Accounts accounts{services, settings};
};

// A Kraken whose lists are empty, and where each question takes so long that the next look-up is behind every
// deadline.
inline auto empty_books(ManualClock& clock) {
    return [&clock](const net::Request& request) {
        clock.advance(std::chrono::seconds(10));
        if (request.target.ends_with("GetApiKeyInfo")) return answer(R"({"nonceWindow":0})");
        if (request.target.ends_with("OpenOrders")) return answer(R"({"open":{}})");
        if (request.target.ends_with("ClosedOrders")) return answer(R"({"closed":{},"count":0})");
        if (request.target.ends_with("TradesHistory")) return answer(R"({"trades":{},"count":0})");
        return answer("{}");
    };
}

// Attempts without a pause between them, so that a test of retries takes no time.
inline constexpr account::RetrySettings at_once{
    4, std::chrono::milliseconds(0), std::chrono::milliseconds(0)
};

// A call with all the time it wants.
inline account::Call call_of(std::string_view endpoint, std::string_view parameters = "") {
    return {
        protocol::find_endpoint(endpoint),
        *kraken::Parameters::parse(parameters),
        std::chrono::steady_clock::now() + std::chrono::minutes(1),
        std::chrono::minutes(1),
        "call-1"
    };
}

}  // namespace krakken::test
