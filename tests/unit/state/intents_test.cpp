// Intents in the database: how long they are kept, and in which order they are told.

#include "support.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace krakken;
using namespace krakken::state;
using namespace krakken::state::test;
using namespace std::chrono_literals;

namespace {

const base::Time noon{1'700'000'000s};

struct Fixture {
    void open(const std::string& id, base::Time sent_at, std::optional<base::Time> kraken_now) {
        Intent intent{
            .id = id,
            .client = "uid:1000",
            .caller = {1000, 4242, "bot"},
            .account = *base::AccountName::parse("master"),
            .key = base::KeyId("3f9c21aa"),
            .nonce = base::Nonce(1'700'000'000'000'001),
            .endpoint = "AddOrder",
            .sought = "{}",
            .sent_at = sent_at
        };
        REQUIRE(run(opened.context, opened.store->open_intent(std::move(intent), kraken_now)));
    }
    void end(const std::string& id, base::Time settled_at, bool dated) {
        REQUIRE(
            run(opened.context,
                opened.store->end_intent({
                    .id = id,
                    .state = IntentState::placed,
                    .outcome = "{}",
                    .settled_at = settled_at,
                    .dated = dated,
                }))
        );
    }
    // One that Kraken's time is known of from its beginning to its end.
    void make(const std::string& id, base::Time at) {
        open(id, at, at);
        end(id, at, true);
    }
    // What is known, newest first.
    std::string known() {
        std::string ids;
        const auto intents = run(opened.context, opened.store->intents({}));
        for (const Intent& intent : *intents)
            ids += intent.id;
        return ids;
    }

    TemporaryFolder folder;
    Opened opened{folder.path()};
};

}  // namespace

TEST_CASE("intents: what was settled a day ago is forgotten with the next one", "[state]") {
    Fixture fixture;
    fixture.make("a", noon);
    fixture.make("b", noon + 1h);
    fixture.open("c", noon + 2h, noon + 2h);  // stays open
    CHECK(fixture.known() == "cba");
    fixture.make("d", noon + 24h);
    CHECK(fixture.known() == "dcba");
    fixture.make("e", noon + 24h + 1min);
    CHECK(fixture.known() == "edcb");
    fixture.make("f", noon + 100h);
    CHECK(fixture.known() == "fc");
}

TEST_CASE(
    "intents: a clock that runs ahead while Kraken's time is not known makes nothing forgotten", "[state]"
) {
    Fixture fixture;
    fixture.make("a", noon);
    fixture.open("b", noon + 87600h, {});
    fixture.end("b", noon + 87600h, false);
    CHECK(fixture.known() == "ba");
    fixture.make("c", noon + 1h);
    CHECK(fixture.known() == "cba");
}

TEST_CASE(
    "intents: what was settled by a clock far behind is dated as soon as Kraken's time is known", "[state]"
) {
    Fixture fixture;
    fixture.open("a", noon - 87600h, {});
    fixture.end("a", noon - 87600h, false);
    fixture.make("b", noon);
    fixture.make("c", noon + 23h);
    CHECK(fixture.known() == "cba");
    CHECK(run(fixture.opened.context, fixture.opened.store->intent("a"))->value().settled_at == noon);
    fixture.make("d", noon + 25h);
    CHECK(fixture.known() == "dc");
}

TEST_CASE(
    "intents: what a person settles while Kraken's time is not known is kept for a day from then", "[state]"
) {
    Fixture fixture;
    fixture.open("a", noon, noon);
    fixture.make("b", noon + 1min);
    fixture.end("a", noon + 23h, false);
    CHECK(run(fixture.opened.context, fixture.opened.store->intent("a"))->value().settled_at == noon + 23h);
    fixture.make("c", noon + 25h);
    CHECK(fixture.known() == "ca");
    fixture.make("d", noon + 49h + 1min);
    CHECK(fixture.known() == "d");
}
