// account/accounts: several keys of one account, joining, replacing, removing, and what each may.

#include "support/bench.hpp"
#include "support/scratch.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <utility>

namespace {

using namespace krakken;
using account::AccountState;
using account::Replacement;
using account::SavePolicy;
using account::Validation;
using protocol::Error;
using protocol::ErrorCode;
using protocol::Result;
using test::answer;
using test::call_of;
using test::refusal;

const auto master = *base::AccountName::parse("master");
const base::KeyId first{"0000000a"};
const base::KeyId second{"0000000b"};
const base::KeyId third{"0000000c"};

std::string key_of(const net::Request& request) {
    const auto found = std::ranges::find(request.headers, "API-Key", [](const auto& h) { return h.first; });
    return found == request.headers.end() ? "" : found->second;
}

std::string reason(const Error& error) {
    const auto* value = error.details.if_contains("reason");
    return value ? std::string(value->as_string().c_str()) : "";
}

// Kraken as it knows each key; all are of one account unless the test says otherwise.
struct Fixture : test::Bench {
    Fixture()
        : Bench(
              {.removal_wait = std::chrono::milliseconds(0),
               .drain_wait = std::chrono::milliseconds(0),
               .retry = test::at_once}
          ) {
        upstream.otherwise = [this](const net::Request& request) { return answer_of(request); };
        keeper.hold("master", first.hex());
        accounts.refresh();
    }

    test::FakeUpstream::Outcome answer_of(const net::Request& request) {
        const std::string key = key_of(request);
        if (revoked.contains(key)) return refusal("EAPI:Invalid key");
        if (!request.target.ends_with("GetApiKeyInfo")) return answer("{}");
        if (silent.contains(key)) return refusal("EGeneral:Unknown method");
        const std::string number = numbers.contains(key) ? numbers[key] : "AA11";
        const std::string may =
            permissions.contains(key) ? permissions[key] : R"("query-open-trades","modify-trades")";
        return answer(
            R"({"apiKeyName":"name of )" + key + R"(","permissions":[)" + may + R"(],"iban":")" + number +
            "\"}"
        );
    }

    keeper::NewKey candidate(const base::KeyId& key, std::string_view account = "master") {
        return {
            .account = *base::AccountName::parse(account),
            .api_key = keeper::SecretText::copy_of(key.hex()),
            .api_secret = keeper::SecretText::copy_of("c2VjcmV0"),
            .otp = std::nullopt,
        };
    }
    Result<Validation> add_key(const base::KeyId& key, SavePolicy policy = SavePolicy::validated) {
        return loop.run(accounts.add_key(candidate(key), policy));
    }
    Result<Replacement> replace(const base::KeyId& key, std::optional<base::KeyId> old_key = {}) {
        return loop.run(accounts.replace_key(candidate(key), std::move(old_key), SavePolicy::validated));
    }
    boost::asio::awaitable<bool> checked() {
        co_await accounts.check();
        co_return true;
    }
    std::shared_ptr<account::Account> the_account() { return accounts.list().at(0); }
    std::vector<std::string> serving() {
        std::vector<std::string> keys;
        for (const auto& key : the_account()->keys())
            keys.push_back(key->info().key.hex());
        return keys;
    }
    // The keys of the requests to this endpoint, as they came.
    std::vector<std::string> used_for(std::string_view endpoint) {
        std::vector<std::string> keys;
        for (const auto& request : upstream.requests)
            if (request.target.ends_with(endpoint)) keys.push_back(key_of(request));
        return keys;
    }

    std::map<std::string, std::string> numbers;      // of the account at Kraken, by key
    std::map<std::string, std::string> permissions;  // as JSON texts
    std::set<std::string> silent;                    // about what GetApiKeyInfo tells
    std::set<std::string> revoked;
};

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("another key of the same account joins, with its tier, and serves") {
    Fixture fixture;
    fixture.keeper.saved.at(first).tier = base::Tier::pro;
    fixture.accounts.refresh();
    const auto added = fixture.add_key(second);
    REQUIRE(added);
    CHECK(added->validated);
    CHECK(added->saved);
    CHECK(added->account == master);
    CHECK(added->key == second);
    CHECK(added->permissions == std::vector<std::string>{"query-open-trades", "modify-trades"});
    CHECK(fixture.accounts.list().size() == 1);
    CHECK(fixture.serving() == Keys{"0000000a", "0000000b"});
    CHECK(fixture.keeper.saved.at(second).tier == base::Tier::pro);
    CHECK(fixture.upstream.warm == 2);
}

TEST_CASE("two calls go out at the same time, each with a key of its own") {
    Fixture fixture;
    REQUIRE(fixture.add_key(second));
    fixture.upstream.held.close();
    // Unlike each other, since equal reads would be one.
    const auto one = fixture.loop.start(fixture.the_account()->call(call_of("TradeBalance", R"({"n":0})")));
    const auto two = fixture.loop.start(fixture.the_account()->call(call_of("TradeBalance", R"({"n":1})")));
    const auto three = fixture.loop.start(fixture.the_account()->call(call_of("TradeBalance", R"({"n":2})")));
    fixture.loop.poll();
    CHECK(fixture.upstream.held.waiting() == 2);
    auto used = fixture.used_for("TradeBalance");
    std::ranges::sort(used);
    CHECK(used == Keys{"0000000a", "0000000b"});
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((one->value().has_value() && two->value().has_value() && three->value().has_value()));
}

TEST_CASE("whose a key is must be told by Kraken, and be the same") {
    struct Row {
        std::string numbers[2];  // of the account's first key and of the new one; empty: not told
        SavePolicy policy;
        std::string refused;  // the reason; empty: it is saved
    };
    const auto& [numbers, policy, refused] = GENERATE(
        as<Row>(),
        Row{{"AA11", "AA11"}, SavePolicy::validated, ""},
        Row{{"AA11", "AA22"}, SavePolicy::validated, "other_account"},
        Row{{"AA11", "AA22"}, SavePolicy::unvalidated, "other_account"},
        Row{{"AA11", "AA22"}, SavePolicy::anyway, "other_account"},
        Row{{"AA11", ""}, SavePolicy::validated, "account_unproven"},
        Row{{"", "AA11"}, SavePolicy::validated, "account_unproven"},
        Row{{"", "AA11"}, SavePolicy::unvalidated, "account_unproven"},
        Row{{"", ""}, SavePolicy::validated, "account_unproven"},
        Row{{"AA11", ""}, SavePolicy::anyway, ""},
        Row{{"", "AA11"}, SavePolicy::anyway, ""}
    );
    CAPTURE(numbers[0], numbers[1], static_cast<int>(policy));
    Fixture fixture;
    const base::KeyId keys[2] = {first, second};
    for (const int index : {0, 1}) {
        fixture.numbers[keys[index].hex()] = numbers[index];
        if (numbers[index].empty()) fixture.silent.insert(keys[index].hex());
    }
    const auto added = fixture.add_key(second, policy);
    CHECK(added.has_value() == refused.empty());
    CHECK(fixture.keeper.saved.size() == (refused.empty() ? 2 : 1));
    CHECK(fixture.keeper.staged.empty());
    if (!added) {
        CHECK(added.error().code == ErrorCode::invalid_params);
        CHECK(reason(added.error()) == refused);
        CHECK_FALSE(added.error().remedy.empty());
        CHECK(fixture.serving() == Keys{"0000000a"});
    } else if (numbers[0] != numbers[1]) {
        CHECK(std::ranges::any_of(added->warnings, [](const auto& text) {
            return text.contains("same account");
        }));
    }
}

TEST_CASE("a key that Kraken refuses or cannot be asked about does not join, unless anyway") {
    Fixture fixture;
    const bool unreachable = GENERATE(true, false);
    fixture.upstream.otherwise = [&](const net::Request& request) {
        if (key_of(request) != second.hex()) return fixture.answer_of(request);
        return unreachable ? test::not_sent() : refusal("EAPI:Invalid key");
    };
    for (const auto policy : {SavePolicy::validated, SavePolicy::unvalidated}) {
        const auto refused = fixture.add_key(second, policy);
        CHECK(refused.error().code == (unreachable ? ErrorCode::network : ErrorCode::auth));
        CHECK_FALSE(refused.error().details.contains("can_save_unvalidated"));
        CHECK(fixture.keeper.saved.size() == 1);
    }
    CHECK(fixture.add_key(second, SavePolicy::anyway));
}

TEST_CASE("a key joins only an account that is there, saved and not being changed") {
    Fixture fixture;
    const auto add = [&](std::string_view account) {
        return fixture.loop
            .run(fixture.accounts.add_key(fixture.candidate(second, account), SavePolicy::validated))
            .error();
    };
    fixture.keeper.hold_environment("user_env", "000000e0");
    fixture.accounts.refresh();
    CHECK(add("bob").code == ErrorCode::unknown_account);
    CHECK(reason(add("user_env")) == "environment");
    CHECK(reason(fixture.add_key(first).error()) == "exists");
    fixture.upstream.held.close();
    const auto slow =
        fixture.loop.start(fixture.accounts.add_key(fixture.candidate(second), SavePolicy::validated));
    fixture.loop.poll();
    const auto beside = fixture.loop.start(fixture.accounts.remove(master));
    fixture.loop.poll();
    REQUIRE(beside->has_value());
    CHECK((*beside)->error().code == ErrorCode::overloaded);
    CHECK((*beside)->error().retryable);
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((*slow)->has_value());
    fixture.keeper.lock();
    fixture.accounts.refresh();
    CHECK(add("master").code == ErrorCode::locked);
}

TEST_CASE("a key that turns out to be of another account is set aside, whoever is asked first") {
    Fixture fixture;
    fixture.silent = {second.hex()};
    fixture.numbers[second.hex()] = "AA22";
    REQUIRE(fixture.add_key(second, SavePolicy::anyway));
    const auto account = fixture.the_account();
    fixture.silent.clear();
    const bool at_unlock = GENERATE(true, false);
    if (at_unlock) REQUIRE(fixture.loop.run(fixture.checked()));
    const auto refused = fixture.loop.run(fixture.accounts.validate(master));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::auth);
    CHECK(refused.error().details.at("key") == "0000000b");
    CHECK(account->keys().at(0)->state() == AccountState::ready);
    CHECK(account->keys().at(1)->state() == AccountState::auth_failed);
    CHECK(account->keys().at(1)->remedy().contains("account remove master --key 0000000b"));
    fixture.upstream.requests.clear();
    for (int i = 0; i < 3; ++i)
        REQUIRE(fixture.loop.run(fixture.the_account()->call(call_of("TradeBalance"))));
    CHECK(std::ranges::count(fixture.used_for("TradeBalance"), first.hex()) == 3);
}

TEST_CASE("calls go to the key that may make them") {
    Fixture fixture;
    fixture.permissions[first.hex()] = R"("query-funds")";
    fixture.permissions[second.hex()] = R"("query-funds","modify-trades","close-trades")";
    REQUIRE(fixture.loop.run(fixture.accounts.validate(master)));
    REQUIRE(fixture.add_key(second));
    for (int i = 0; i < 3; ++i)
        REQUIRE(fixture.loop.run(fixture.the_account()->call(call_of("AddOrder"))));
    CHECK(fixture.used_for("AddOrder") == Keys{"0000000b", "0000000b", "0000000b"});
    // What Kraken has not told is tried.
    fixture.silent = {second.hex()};
    REQUIRE(fixture.loop.run(fixture.the_account()->call(call_of("Ledgers"))));
}

TEST_CASE("what was told of a key at an unlock is known to its calls") {
    Fixture fixture;
    fixture.keeper.hold("master", second.hex());
    fixture.permissions[first.hex()] = R"("query-funds")";
    fixture.accounts.refresh();
    REQUIRE(fixture.loop.run(fixture.checked()));
    REQUIRE(fixture.loop.run(fixture.the_account()->call(call_of("AddOrder"))));
    CHECK(fixture.used_for("AddOrder") == Keys{"0000000b"});
}

TEST_CASE("a key that Kraken refuses is set aside, and the others serve") {
    Fixture fixture;
    REQUIRE(fixture.add_key(second));
    fixture.revoked = {first.hex()};
    std::size_t refused = 0;
    for (int i = 0; i < 5; ++i)
        if (!fixture.loop.run(fixture.the_account()->call(call_of("TradeBalance")))) ++refused;
    CHECK(refused == 0);
    const auto account = fixture.the_account();
    CHECK(account->state() == AccountState::ready);
    CHECK(account->keys().at(0)->state() == AccountState::auth_failed);
    CHECK(account->keys().at(0)->remedy().contains("krakkenctl account validate master"));
    CHECK(account->keys().at(1)->state() == AccountState::ready);
    CHECK(std::ranges::count(fixture.used_for("TradeBalance"), first.hex()) == 1);
}

TEST_CASE("all keys of an account are validated, and each refusal counts for its own") {
    Fixture fixture;
    REQUIRE(fixture.add_key(second));
    fixture.clock.time += std::chrono::hours(1);
    const auto validated = fixture.loop.run(fixture.accounts.validate(master));
    REQUIRE(validated);
    REQUIRE(validated->size() == 2);
    CHECK(validated->at(0).key == first);
    CHECK(validated->at(1).key == second);
    fixture.revoked = {first.hex()};
    fixture.clock.time += std::chrono::hours(1);
    const auto refused = fixture.loop.run(fixture.accounts.validate(master));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::auth);
    CHECK(refused.error().details.at("key") == "0000000a");
    const auto account = fixture.the_account();
    CHECK(account->keys().at(0)->state() == AccountState::auth_failed);
    CHECK(account->keys().at(1)->info().validated_at == fixture.clock.time);
    CHECK(fixture.loop.run(fixture.accounts.validate(master, second)));
    CHECK_FALSE(fixture.loop.run(fixture.accounts.validate(master, third)));
    fixture.revoked.clear();
    CHECK(fixture.loop.run(fixture.accounts.validate(master, first)));
    CHECK(account->keys().at(0)->state() == AccountState::ready);
}

TEST_CASE("one key is removed, and the last one takes the account with it") {
    Fixture fixture;
    REQUIRE(fixture.add_key(second));
    CHECK_FALSE(fixture.loop.run(fixture.accounts.remove(master, third)));
    REQUIRE(fixture.loop.run(fixture.accounts.remove(master, first)));
    CHECK(fixture.serving() == Keys{"0000000b"});
    CHECK_FALSE(fixture.keeper.saved.contains(first));
    fixture.upstream.requests.clear();
    REQUIRE(fixture.loop.run(fixture.the_account()->call(call_of("TradeBalance"))));
    CHECK(fixture.used_for("TradeBalance") == Keys{"0000000b"});
    REQUIRE(fixture.loop.run(fixture.accounts.remove(master, second)));
    CHECK(fixture.accounts.list().empty());
}

TEST_CASE("an account is removed with all of its keys") {
    Fixture fixture;
    REQUIRE(fixture.add_key(second));
    REQUIRE(fixture.loop.run(fixture.accounts.remove(master)));
    CHECK(fixture.accounts.list().empty());
    CHECK(fixture.keeper.saved.empty());
}

TEST_CASE("a replaced key is retired, with its name at Kraken, and never used again") {
    Fixture fixture;
    const auto replaced = fixture.replace(second);
    REQUIRE(replaced);
    CHECK(replaced->validation.key == second);
    CHECK(replaced->validation.validated);
    CHECK(replaced->retired == first);
    CHECK(replaced->retired_name == "name of 0000000a");
    CHECK(fixture.serving() == Keys{"0000000b"});
    CHECK(fixture.keeper.saved.size() == 1);
    fixture.upstream.requests.clear();
    for (int i = 0; i < 3; ++i)
        REQUIRE(fixture.loop.run(fixture.the_account()->call(call_of("TradeBalance"))));
    CHECK(std::ranges::count(fixture.used_for("TradeBalance"), second.hex()) == 3);
}

TEST_CASE("among several the key to be replaced must be named") {
    Fixture fixture;
    REQUIRE(fixture.add_key(second));
    const auto unnamed = fixture.replace(third);
    REQUIRE_FALSE(unnamed);
    CHECK(unnamed.error().code == ErrorCode::invalid_params);
    CHECK(unnamed.error().details.at("keys").as_array().size() == 2);
    CHECK_FALSE(fixture.replace(third, base::KeyId("ffffffff")));
    CHECK(fixture.keeper.saved.size() == 2);
    REQUIRE(fixture.replace(third, first));
    CHECK(fixture.serving() == Keys{"0000000b", "0000000c"});
}

TEST_CASE("a key is retired when its calls have ended, and others go on meanwhile") {
    Fixture fixture;
    fixture.settings.drain_wait = std::chrono::minutes(1);
    fixture.accounts.configure(fixture.settings);
    REQUIRE(fixture.loop.run(fixture.accounts.validate(master)));
    fixture.upstream.is_held = [](const net::Request& request) { return key_of(request) == first.hex(); };
    fixture.upstream.held.close();
    const auto before = fixture.loop.start(fixture.the_account()->call(call_of("TradeBalance")));
    fixture.loop.poll();
    const auto replaced = fixture.loop.start(
        fixture.accounts.replace_key(fixture.candidate(second), std::nullopt, SavePolicy::validated)
    );
    fixture.loop.poll();
    const auto meanwhile = fixture.loop.start(fixture.the_account()->call(call_of("OpenOrders")));
    fixture.loop.poll();
    CHECK_FALSE(replaced->has_value());
    CHECK_FALSE(before->has_value());
    REQUIRE(meanwhile->has_value());
    CHECK((*meanwhile)->has_value());
    CHECK(fixture.keeper.saved.size() == 2);
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((*before)->has_value());
    REQUIRE((*replaced)->has_value());
    CHECK(fixture.keeper.saved.size() == 1);
    CHECK(fixture.used_for("OpenOrders") == Keys{"0000000b"});
}

TEST_CASE("a key whose call does not end in time stays, and it is said what to do") {
    Fixture fixture;
    REQUIRE(fixture.loop.run(fixture.accounts.validate(master)));
    fixture.upstream.is_held = [](const net::Request& request) { return key_of(request) == first.hex(); };
    fixture.upstream.held.close();
    const auto before = fixture.loop.start(fixture.the_account()->call(call_of("TradeBalance")));
    fixture.loop.poll();
    const auto replaced = fixture.loop.start(
        fixture.accounts.replace_key(fixture.candidate(second), std::nullopt, SavePolicy::validated)
    );
    fixture.loop.poll();
    REQUIRE(replaced->has_value());
    REQUIRE_FALSE((*replaced)->has_value());
    const Error& error = (*replaced)->error();
    CHECK(error.code == ErrorCode::timeout);
    CHECK_FALSE(error.retryable);
    CHECK(error.details.at("key") == "0000000b");
    CHECK(error.remedy.contains("krakkenctl account remove master --key 0000000a"));
    CHECK(fixture.serving() == Keys{"0000000a", "0000000b"});
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((*before)->has_value());
    CHECK(fixture.loop.run(fixture.accounts.remove(master, first)));
    CHECK(fixture.serving() == Keys{"0000000b"});
}

TEST_CASE("a key stays until a placement that a cancel has passed is answered") {
    Fixture fixture;
    fixture.settings.drain_wait = std::chrono::minutes(1);
    fixture.accounts.configure(fixture.settings);
    fixture.tell_time();
    fixture.upstream.is_held = [](const net::Request& request) {
        return request.target.ends_with("AddOrder");
    };
    fixture.upstream.held.close();
    const auto order = fixture.loop.start(fixture.the_account()->call(call_of("AddOrder")));
    account::Call other = call_of("CancelOrder");
    other.caller.pid = 2;
    const auto cancel = fixture.loop.start(fixture.the_account()->call(std::move(other)));
    fixture.loop.poll();
    while (!cancel->has_value())
        fixture.loop.context.run_one();
    CHECK_FALSE(order->has_value());
    const auto replaced =
        fixture.loop.start(fixture.accounts.replace_key(fixture.candidate(second), {}, SavePolicy::validated)
        );
    for (int turn = 0; turn < 100; ++turn)
        fixture.loop.poll();
    CHECK(fixture.serving() == Keys{"0000000b"});
    CHECK_FALSE(replaced->has_value());
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((*order)->has_value());
    REQUIRE((*replaced)->has_value());
    CHECK_FALSE(fixture.keeper.saved.contains(first));
}

TEST_CASE("a key stays until it is known what became of its placements") {
    Fixture fixture;
    const auto patience = GENERATE(std::chrono::minutes(0), std::chrono::minutes(1));
    fixture.settings.drain_wait = patience;
    fixture.accounts.configure(fixture.settings);
    fixture.tell_time();
    REQUIRE(fixture.loop.run(fixture.accounts.validate(master)));
    const auto books = test::empty_books(fixture.clock);
    const auto asks_for_key = [](const net::Request& request) {
        return request.target.ends_with("GetApiKeyInfo");
    };
    fixture.upstream.otherwise = [&](const net::Request& request) {
        if (request.target.ends_with("AddOrder")) return test::lost();
        if (asks_for_key(request) && key_of(request) != first.hex()) return fixture.answer_of(request);
        return books(request);
    };
    fixture.upstream.is_held = [&](const net::Request& request) {
        return asks_for_key(request) && key_of(request) == first.hex();
    };
    fixture.upstream.held.close();
    const auto order = fixture.loop.start(
        fixture.the_account()->call(call_of("AddOrder", R"({"pair":"XBTUSD","type":"buy"})"))
    );
    fixture.loop.poll();
    const auto replaced = fixture.loop.start(
        fixture.accounts.replace_key(fixture.candidate(second), std::nullopt, SavePolicy::validated)
    );
    fixture.loop.poll();
    CHECK(fixture.keeper.saved.size() == 2);
    CHECK(replaced->has_value() == (patience == std::chrono::minutes(0)));
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(order->has_value());
    CHECK((*order)->error().executed == protocol::Executed::no);
    CHECK(fixture.store.written.at(0).state == state::IntentState::not_placed);
    REQUIRE(replaced->has_value());
    if (replaced->value()) {
        CHECK(fixture.serving() == Keys{"0000000b"});
    } else {
        CHECK((*replaced)->error().message.contains("found out"));
        CHECK(fixture.loop.run(fixture.accounts.remove(master, first)));
    }
}

TEST_CASE("a key that the vault cannot give up stays in service") {
    Fixture fixture;
    REQUIRE(fixture.add_key(second));
    fixture.keeper.removals_fail = true;
    CHECK(fixture.loop.run(fixture.accounts.remove(master, first)).error().code == ErrorCode::vault);
    CHECK(fixture.serving() == Keys{"0000000a", "0000000b"});
    const auto replaced = fixture.replace(third, first);
    REQUIRE_FALSE(replaced);
    CHECK(replaced.error().code == ErrorCode::vault);
    CHECK(replaced.error().message.contains("0000000c is saved and in use"));
    CHECK(fixture.serving() == Keys{"0000000a", "0000000b", "0000000c"});
}

TEST_CASE("an old program's nonce is a floor for all keys, since either may have been its own") {
    Fixture fixture;
    REQUIRE(fixture.add_key(second));
    const test::Scratch folder;
    const std::uint64_t before = fixture.the_account()->keys().at(1)->lane()->sequence()->last();
    const auto file = folder.file("kraken_nonce.txt", std::to_string(before + 1'000'000) + "\n");
    const auto last = fixture.loop.start(fixture.accounts.import_nonce(master, file));
    while (!last->has_value())
        fixture.loop.run();
    REQUIRE((*last)->has_value());
    CHECK((*last)->value() == before + 1'000'000);
    for (const auto& key : fixture.the_account()->keys())
        CHECK(key->lane()->sequence()->last() == before + 1'000'000);
}
