// account/line: who goes when.

#include "account/line.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace krakken;
using account::Line;
using namespace std::chrono_literals;

// One letter for the client, then the endpoint: "a AddOrder", or "a CancelAll again".
struct Call {
    Line::Entry entry;
    std::string text;

    explicit Call(std::string_view words) : text(words) {
        entry.client = {1000, static_cast<pid_t>(words[0])};
        entry.repeat = words.ends_with(" again");
        entry.passes_held = words.ends_with(" by id");
        entry.settles = words.ends_with(" settles");
        words.remove_prefix(2);
        entry.endpoint = protocol::find_endpoint(words.substr(0, words.find(' ')));
        REQUIRE(entry.endpoint);
    }
};

// So many lanes, and the calls that are on them.
struct Fixture {
    explicit Fixture(std::size_t count = 1) : lanes(count) { line.bound(256); }

    // Goes at once, or waits.
    void come(std::string_view words) {
        const Call call(words);
        for (const Line::Ticket ticket : line.drop_overtaken(call.entry))
            dropped.push_back(waiting.extract(ticket).mapped().text);
        const Line::Way way = find(call.entry);
        if (line.is_next_of_client(call.entry) && way.lane && !line.is_kept_from(call.entry, *way.lane)) {
            line.begin(call.entry);
            begin(call, *way.lane);
            return;
        }
        const Line::Joined joined = line.join(call.entry);
        waiting.emplace(joined.ticket, call);
        if (joined.put_out) put_out.push_back(waiting.extract(*joined.put_out).mapped().text);
        let_go();
    }
    void come(const std::vector<std::string>& calls) {
        for (const std::string& call : calls)
            come(call);
    }
    // The call on this lane has its answer.
    void end(std::size_t lane = 0) {
        REQUIRE(lanes[lane]);
        line.end(lanes[lane]->entry);
        lanes[lane].reset();
        let_go();
    }
    // Everything that comes out of the line while lane 0 answers, in order.
    std::vector<std::string> all() {
        while (lanes[0])
            end();
        return sent;
    }

    void let_go() {
        while (true) {
            const auto next = line.next([this](const Line::Entry& entry) { return find(entry); });
            look = next.look;
            if (!next.chosen) return;
            begin(waiting.extract(next.chosen->ticket).mapped(), next.chosen->lane);
        }
    }
    Line::Way find(const Line::Entry& entry) const {
        if (const auto until = held_back.find(entry.endpoint->name); until != held_back.end())
            return {.look = until->second, .no_room = no_room};
        for (std::size_t lane = 0; lane < lanes.size(); ++lane)
            if (!lanes[lane] && !(lane == 1 && entry.endpoint->name == second_may_not)) return {.lane = lane};
        return {};
    }
    void begin(const Call& call, std::size_t lane) {
        lanes[lane] = call;
        sent.push_back(call.text);
    }

    Line line;
    std::vector<std::optional<Call>> lanes;
    std::map<Line::Ticket, Call> waiting;
    std::vector<std::string> sent;
    std::vector<std::string> dropped;
    std::vector<std::string> put_out;
    std::map<std::string_view, Line::TimePoint> held_back;
    std::uint64_t no_room = 0;
    std::optional<Line::TimePoint> look;
    std::string_view second_may_not;
};

using Calls = std::vector<std::string>;

std::size_t total(const Line::Counts& counts) {
    return counts.cancels + counts.placements + counts.reads;
}

}  // namespace

TEST_CASE("over one lane, calls leave the line in this order") {
    struct Row {
        const char* why;
        Calls come;  // the first takes the lane
        Calls sent;
    };
    const auto row = GENERATE(
        as<Row>(),
        Row{"a client's reads go as they came",
            {"a Balance", "a Ledgers", "a OpenOrders"},
            {"a Balance", "a Ledgers", "a OpenOrders"}},
        Row{"cancels before placements before reads",
            {"x Balance", "a Balance", "b AddOrder", "c CancelOrder"},
            {"x Balance", "c CancelOrder", "b AddOrder", "a Balance"}},
        Row{"what moves funds goes with the placements, a token with the reads",
            {"x Balance", "a GetWebSocketsToken", "b Withdraw", "c CreateSubaccount"},
            {"x Balance", "b Withdraw", "c CreateSubaccount", "a GetWebSocketsToken"}},
        Row{"a cancel does not overtake its own client's placement",
            {"x Balance", "a AddOrder", "a CancelOrder", "b AddOrder", "b CancelOrder"},
            {"x Balance", "a AddOrder", "a CancelOrder", "b AddOrder", "b CancelOrder"}},
        Row{"but it overtakes other clients' placements and its own reads",
            {"x Balance", "a Balance", "b AddOrder", "a CancelOrder", "b Balance"},
            {"x Balance", "a CancelOrder", "b AddOrder", "a Balance", "b Balance"}},
        Row{"nor does a placement overtake its client's cancel",
            {"x Balance", "a CancelOrder", "a AddOrder", "b CancelOrder"},
            {"x Balance", "a CancelOrder", "b CancelOrder", "a AddOrder"}},
        Row{"equals go by turns, client by client",
            {"x Balance", "a Balance", "a Ledgers", "a OpenOrders", "b Balance", "c Balance", "b Ledgers"},
            {"x Balance", "a Balance", "b Balance", "c Balance", "a Ledgers", "b Ledgers", "a OpenOrders"}},
        Row{"who has just gone stands behind the others, whatever his call was",
            {"x Balance", "a CancelOrder", "a AddOrder", "b AddOrder"},
            {"x Balance", "a CancelOrder", "b AddOrder", "a AddOrder"}},
        Row{"what settles and what clients read go by turns",
            {"x Balance",
             "a Balance",
             "b OpenOrders",
             "z OpenOrders settles",
             "c AddOrder",
             "z ClosedOrders settles"},
            {"x Balance",
             "c AddOrder",
             "z OpenOrders settles",
             "a Balance",
             "z ClosedOrders settles",
             "b OpenOrders"}},
        Row{"a repeat stands before its client's others",
            {"x Balance", "a AddOrder", "a EditOrder", "a CancelOrder again", "a Balance", "a Ledgers again"},
            {"x Balance", "a CancelOrder again", "a AddOrder", "a EditOrder", "a Ledgers again", "a Balance"}}
    );
    CAPTURE(row.why);
    Fixture fixture;
    fixture.come(row.come);
    CHECK(total(fixture.line.counts()) == row.come.size() - 1);
    CHECK(fixture.all() == row.sent);
    CHECK(fixture.line.empty());
}

TEST_CASE("a greedy client delays another by one call") {
    Fixture fixture;
    for (int count = 0; count < 100; ++count)
        fixture.come("a AddOrder");
    for (int count = 0; count < 10; ++count) {
        const std::size_t before = fixture.sent.size();
        fixture.come("b AddOrder");  // comes again as soon as it is served
        fixture.end();
        fixture.end();
        CHECK(
            std::ranges::count(
                fixture.sent.begin() + static_cast<std::ptrdiff_t>(before), fixture.sent.end(), "b AddOrder"
            ) == 1
        );
    }
}

TEST_CASE("a client with two calls at a time does not keep a greedy one out") {
    Fixture fixture;
    fixture.come(Calls{"a Balance", "a Balance", "a Balance", "a Balance", "b Balance", "b Balance"});
    for (int count = 0; count < 4; ++count) {
        fixture.end();
        if (fixture.sent.back() == "b Balance") fixture.come("b Balance");
    }
    CHECK(fixture.sent == Calls{"a Balance", "a Balance", "b Balance", "a Balance", "b Balance"});
}

TEST_CASE("a CancelAll drops its client's waiting placements and goes first") {
    Fixture fixture;
    fixture.come(Calls{
        "x Balance", "a AddOrder", "a Withdraw", "a AmendOrder", "b AddOrder", "a WalletTransfer", "a Balance"
    });
    fixture.come("a CancelAll");
    CHECK(fixture.dropped == Calls{"a AddOrder", "a AmendOrder"});
    fixture.come("a AddOrder");  // meant for after it
    CHECK(
        fixture.all() ==
        Calls{
            "x Balance",
            "a CancelAll",
            "b AddOrder",
            "a Withdraw",
            "a WalletTransfer",
            "a AddOrder",
            "a Balance",
        }
    );
}

TEST_CASE("a CancelAll leaves its client's earlier cancels before it, and drops nothing when it is repeated"
) {
    Fixture fixture;
    fixture.come(Calls{"x Balance", "a AddOrder", "a CancelOrder", "a CancelAll", "a EditOrder"});
    CHECK(fixture.dropped == Calls{"a AddOrder"});
    fixture.come("a CancelAll again");
    CHECK(fixture.dropped.size() == 1);
    CHECK(
        fixture.all() ==
        Calls{"x Balance", "a CancelAll again", "a CancelOrder", "a CancelAll", "a EditOrder"}
    );
}

TEST_CASE("other cancels drop nothing") {
    const auto cancel =
        GENERATE(as<std::string>(), "CancelOrder", "CancelAllOrdersAfter", "CancelOrderBatch");
    Fixture fixture;
    fixture.come(Calls{"x Balance", "a AddOrder", "a " + cancel});
    CHECK(fixture.dropped.empty());
    CHECK(fixture.all() == Calls{"x Balance", "a AddOrder", "a " + cancel});
}

TEST_CASE("over two lanes, what a client places and cancels still goes one after another") {
    Fixture fixture(2);
    fixture.come(Calls{"a AddOrder", "a CancelOrder", "a CancelAll", "a Balance", "b CancelOrder"});
    CHECK(fixture.sent == Calls{"a AddOrder", "a Balance"});
    fixture.end(1);
    CHECK(fixture.sent.back() == "b CancelOrder");
    fixture.end(1);
    CHECK(fixture.sent.size() == 3);  // though this lane is free
    fixture.end(0);
    CHECK(fixture.sent.back() == "a CancelOrder");
    fixture.end(0);
    CHECK(fixture.sent.back() == "a CancelAll");
}

TEST_CASE("over two lanes, who cannot take the free one does not hold up the others") {
    Fixture fixture(2);
    fixture.second_may_not = "Ledgers";
    fixture.come(Calls{"a Balance", "b Balance", "c Ledgers", "c Balance", "d Ledgers"});
    fixture.end(1);
    CHECK(fixture.sent.back() == "c Balance");
    fixture.end(1);
    CHECK(fixture.sent.size() == 3);
    fixture.end(0);
    CHECK(fixture.sent.back() == "d Ledgers");  // c has gone before
}

TEST_CASE("who is held back lets the others by, but not its own client's later ones") {
    Fixture fixture;
    const Line::TimePoint now{};
    fixture.held_back = {{"AddOrder", now + 2s}, {"EditOrder", now + 1s}};
    fixture.come(Calls{"x Balance", "a AddOrder", "a CancelOrder", "b EditOrder", "c AmendOrder", "a Balance"}
    );
    CHECK(fixture.all() == Calls{"x Balance", "c AmendOrder", "a Balance"});
    CHECK(fixture.look == now + 1s);
    CHECK(total(fixture.line.counts()) == 3);
    fixture.held_back.erase("EditOrder");
    fixture.let_go();
    CHECK(fixture.sent.back() == "b EditOrder");
    fixture.end();
    CHECK(fixture.look == now + 2s);
    fixture.held_back.clear();
    fixture.let_go();
    fixture.end();
    CHECK(fixture.sent.back() == "a CancelOrder");
    CHECK_FALSE(fixture.look);
}

TEST_CASE("who does not wait any longer is in nobody's way") {
    Fixture fixture;
    fixture.come(Calls{"x Balance", "a AddOrder", "a CancelOrder", "b AddOrder", "b Balance"});
    for (const auto& [ticket, call] : std::map(fixture.waiting)) {
        if (!call.text.ends_with("AddOrder")) continue;
        fixture.line.leave(ticket);
        fixture.waiting.erase(ticket);
    }
    CHECK(fixture.all() == Calls{"x Balance", "a CancelOrder", "b Balance"});
    fixture.line.leave(12345);  // nobody
    CHECK(fixture.line.empty());
}

TEST_CASE("who waits only for a lane is due") {
    Fixture fixture;
    fixture.come(Calls{"a AddOrder", "a CancelOrder", "b CancelOrder", "b CancelAll", "b Balance"});
    std::map<std::string, bool> due;
    for (const auto& [ticket, call] : fixture.waiting)
        due[call.text] = fixture.line.is_due(ticket);
    CHECK_FALSE(due["a CancelOrder"]);
    CHECK(due["b CancelOrder"]);
    CHECK_FALSE(due["b CancelAll"]);
    CHECK(due["b Balance"]);
    CHECK_FALSE(fixture.line.is_due(12345));
}

TEST_CASE("who is put out of a full line") {
    struct Row {
        const char* why;
        Calls wait;
        std::string comes;
        std::string out;
    };
    const auto row = GENERATE(
        as<Row>(),
        Row{"the one that came, among equals",
            {"a Balance", "b Balance", "c Balance"},
            "d Ledgers",
            "d Ledgers"},
        Row{"the newest of a single client",
            {"a Balance", "a Ledgers", "a OpenOrders"},
            "a TradesHistory",
            "a TradesHistory"},
        Row{"the newest, where two are equally greedy",
            {"a Balance", "a Ledgers", "b Balance"},
            "b OpenOrders",
            "b OpenOrders"},
        Row{"not who has less", {"a Balance", "a Ledgers", "b Balance"}, "c Balance", "a Ledgers"},
        Row{"a read rather than a placement",
            {"a AddOrder", "a AddOrder", "b Balance"},
            "a AmendOrder",
            "b Balance"},
        Row{"a placement rather than a cancel",
            {"a CancelOrder", "a CancelOrder", "b AddOrder"},
            "a CancelAll",
            "b AddOrder"},
        Row{"a read that comes, where others act",
            {"a AddOrder", "a AddOrder", "a AddOrder"},
            "b Balance",
            "b Balance"},
        Row{"a cancel, where there is nothing else",
            {"a CancelOrder", "a CancelOrder", "b CancelOrder"},
            "c CancelOrder",
            "a CancelOrder"}
    );
    CAPTURE(row.why);
    Fixture fixture;
    fixture.line.bound(3);
    fixture.come("x Balance");
    fixture.come(row.wait);
    CHECK(fixture.put_out.empty());
    fixture.come(row.comes);
    CHECK(fixture.put_out == Calls{row.out});
    CHECK(fixture.line.size() == 3);
}

TEST_CASE("what waits is counted by what it does") {
    Fixture fixture;
    fixture.come(Calls{
        "x Balance",
        "a Balance",
        "b GetWebSocketsToken",
        "a AddOrder",
        "b Withdraw",
        "c CreateSubaccount",
        "a CancelAll",
        "b CancelOrder"
    });
    const auto counts = fixture.line.counts();
    CHECK(counts.cancels == 2);
    CHECK(counts.placements == 2);
    CHECK(counts.reads == 2);
}

TEST_CASE("a cheaper read does not pass one that waits for room on the same lane") {
    Fixture fixture(2);
    fixture.held_back = {{"Ledgers", std::chrono::steady_clock::now() + 1s}};
    fixture.no_room = 0b01;
    fixture.come(Calls{"a Ledgers", "b Balance"});
    CHECK(fixture.sent.empty());  // its way is the first lane
    fixture.come("b CancelOrder");
    CHECK(fixture.sent == Calls{"b CancelOrder"});
    fixture.let_go();  // the second lane is kept for nobody
    CHECK(fixture.sent == Calls{"b CancelOrder", "b Balance"});
    fixture.held_back.clear();
    fixture.end(0);
    CHECK(fixture.sent.back() == "a Ledgers");
}

TEST_CASE("what settles and waits for room keeps the lane from what clients read") {
    Fixture fixture;
    fixture.held_back = {{"ClosedOrders", std::chrono::steady_clock::now() + 1s}};
    fixture.no_room = 0b01;
    fixture.come(Calls{"x AddOrder", "a Balance", "z ClosedOrders settles"});
    fixture.end();
    CHECK(fixture.sent == Calls{"x AddOrder"});
    fixture.come("b Ledgers");
    fixture.held_back.clear();
    fixture.let_go();
    CHECK(fixture.sent.back() == "z ClosedOrders settles");
    CHECK(fixture.all() == Calls{"x AddOrder", "z ClosedOrders settles", "a Balance", "b Ledgers"});
}

TEST_CASE("a cancel by id passes its client's placements that are held back, and no others") {
    Fixture fixture;
    fixture.held_back = {{"AddOrder", std::chrono::steady_clock::now() + 1s}};
    fixture.come({"a AddOrder", "a CancelOrder", "a CancelOrder by id"});
    CHECK(fixture.sent == Calls{"a CancelOrder by id"});
    fixture.held_back.clear();
    fixture.end();
    CHECK(fixture.sent.back() == "a AddOrder");
    fixture.come("a CancelOrder by id");
    fixture.end();
    CHECK(fixture.sent.back() == "a CancelOrder");
}
