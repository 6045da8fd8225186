// gate/replays, gate/bot_nonces: what a bot has signed is made once, for as long as it is remembered and
// after.

#include "gate/replays.hpp"
#include "support/event_loop.hpp"
#include "support/memory_store.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace krakken;
using protocol::ErrorCode;
using protocol::Result;

namespace {

struct Fixture {
    std::string once(const std::string& nonce, const std::string& key = "0123abcd") {
        const auto make = [this](std::function<bool()>) -> boost::asio::awaitable<Result<std::string>> {
            ++made;
            co_return std::to_string(made);
        };
        return *loop.run(replays.once({key, nonce, "of " + nonce}, make));
    }
    bool is_used_up(const std::string& nonce, const std::string& key = "0123abcd") const {
        return nonces.refusal(key, nonce).has_value();
    }

    test::EventLoop loop;
    test::MemoryStore store{loop.context.get_executor()};
    gate::BotNonces nonces{store};
    gate::Replays replays{loop.context.get_executor(), nonces};
    int made = 0;
};

}  // namespace

TEST_CASE("replays: what is remembered no more has a nonce that is used up") {
    Fixture fixture;
    CHECK(fixture.once("1700000000005") == "1");
    CHECK(fixture.once("1700000000005") == "1");
    CHECK(fixture.once("1700000000003") == "2");  // overtaken by the other
    for (int i = 10'000; fixture.once("1700000000005") == "1"; ++i) {
        REQUIRE(i < 30'000);
        CHECK_FALSE(fixture.is_used_up("1700000000003"));
        fixture.once("17000000" + std::to_string(i));
    }
    CHECK(fixture.is_used_up("1700000000005"));
    CHECK(fixture.is_used_up("1700000000003"));
    CHECK(fixture.is_used_up("1699999999999"));
    CHECK_FALSE(fixture.is_used_up("1700000010000"));
}

TEST_CASE("replays: what another key has signed is another call") {
    Fixture fixture;
    CHECK(fixture.once("1700000000005") == "1");
    CHECK(fixture.once("1700000000005", "89abcdef") == "2");
    CHECK(fixture.once("1700000000005") == "1");
}

TEST_CASE("replays: nonces are those of one key, and of one way to count") {
    Fixture fixture;
    fixture.nonces.use_up("0123abcd", "1700000000000");
    CHECK(fixture.is_used_up("1700000000000"));
    CHECK(fixture.is_used_up("1699999999999"));
    CHECK_FALSE(fixture.is_used_up("1700000000001"));
    CHECK_FALSE(fixture.is_used_up("170000000000"));
    CHECK_FALSE(fixture.is_used_up("1600000000000000"));
    CHECK_FALSE(fixture.is_used_up("1700000000000", "89abcdef"));
    const auto refused = fixture.nonces.refusal("0123abcd", "1700000000000");
    CHECK(refused->code == ErrorCode::nonce);
    CHECK(refused->executed == protocol::Executed::no);
    CHECK_FALSE(refused->remedy.empty());
}

TEST_CASE("replays: what acted in an earlier run is used up, and written down when it rises") {
    Fixture fixture;
    fixture.nonces.write_down("0123abcd", "1700000000007");
    fixture.nonces.write_down("0123abcd", "1700000000006");
    fixture.nonces.write_down("0123abcd", "1700000000007");
    fixture.nonces.write_down("0123abcd", "1700000000008");
    CHECK_FALSE(fixture.is_used_up("1700000000006"));  // Replays has it
    REQUIRE(fixture.store.bot_nonces.size() == 2);
    gate::BotNonces next_run(fixture.store);
    CHECK(next_run.refusal("0123abcd", "1700000000008"));
    CHECK_FALSE(next_run.refusal("0123abcd", "1700000000009"));
    next_run.write_down("0123abcd", "1700000000008");
    CHECK(fixture.store.bot_nonces.size() == 2);
}
