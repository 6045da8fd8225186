// account/retry: the verdict on every end of an attempt.

#include "account/retry.hpp"

#include "kraken/refusal.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using account::Retry;
using account::RetrySettings;
using kraken::Attempt;
using protocol::ErrorCode;
using protocol::Executed;
using protocol::find_endpoint;
using namespace std::chrono_literals;

Attempt answered(std::string result) {
    Attempt attempt;
    attempt.end = Attempt::End::answered;
    attempt.answer.result = std::move(result);
    return attempt;
}

Attempt refused(std::string error) {
    Attempt attempt = answered("");
    attempt.answer.errors = {std::move(error)};
    return attempt;
}

Attempt without_answer(Attempt::End end) {
    Attempt attempt;
    attempt.end = end;
    attempt.detail = "why";
    return attempt;
}

const base::Time now{1'700'000'000s};

const Attempt lost = without_answer(Attempt::End::lost);
const Attempt not_sent = without_answer(Attempt::End::not_sent);

std::optional<std::chrono::milliseconds> pause_of(const Retry::Verdict& verdict) {
    const auto* again = std::get_if<Retry::Again>(&verdict);
    return again ? std::optional(again->pause) : std::nullopt;
}

// The error of a verdict that is not Done.
protocol::Error error_of(const Retry::Verdict& verdict) {
    if (const auto* again = std::get_if<Retry::Again>(&verdict)) return again->error;
    REQUIRE(std::holds_alternative<Retry::GiveUp>(verdict));
    return std::get<Retry::GiveUp>(verdict).error;
}

}  // namespace

TEST_CASE("an answer is the end, warnings beside it") {
    Retry retry(*find_endpoint("Balance"), {});
    Attempt attempt = answered("{}");
    attempt.answer.warnings = {"WGeneral:x"};
    const auto verdict = retry.on(attempt, 0, now);
    REQUIRE(std::holds_alternative<Retry::Done>(verdict));
    CHECK(std::get<Retry::Done>(verdict).result == "{}");
    CHECK(std::get<Retry::Done>(verdict).warnings.size() == 1);
}

TEST_CASE("status 429 is a rate limit to what reads, and nobody knows what became of the rest") {
    Attempt too_many = without_answer(Attempt::End::lost);
    too_many.too_many = true;
    const auto verdict = [&](const char* endpoint) {
        return error_of(Retry(*find_endpoint(endpoint), {}).on(too_many, 0, now));
    };
    CHECK(verdict("Balance").code == ErrorCode::rate_limit);
    CHECK(verdict("Balance").executed == Executed::no);
    CHECK(verdict("CancelOrder").executed == Executed::unknown);
    CHECK(verdict("AddOrder").code == ErrorCode::outcome_unknown);
}

TEST_CASE("what is tried again and what is not") {
    struct Row {
        Attempt attempt;
        bool read_again;
        ErrorCode read;
        ErrorCode placement;
    };
    const std::vector<Row> rows{
        {lost, true, ErrorCode::network, ErrorCode::outcome_unknown},
        {not_sent, true, ErrorCode::network, ErrorCode::network},
        {refused("EService:Busy"), true, ErrorCode::service, ErrorCode::outcome_unknown},
        {refused("EGeneral:Internal error"), true, ErrorCode::service, ErrorCode::outcome_unknown},
        {refused("EAPI:Rate limit exceeded"), true, ErrorCode::rate_limit, ErrorCode::rate_limit},
        {refused("EAPI:Invalid nonce"), true, ErrorCode::nonce, ErrorCode::outcome_unknown},
        {refused("EAPI:Feature disabled"), false, ErrorCode::service, ErrorCode::service},
        {refused("EAPI:Invalid key"), false, ErrorCode::auth, ErrorCode::auth},
        {refused("EAPI:Invalid signature"), false, ErrorCode::auth, ErrorCode::auth},
        {refused("EGeneral:Permission denied"), false, ErrorCode::permission, ErrorCode::permission},
        {refused("EGeneral:Temporary lockout"), false, ErrorCode::lockout, ErrorCode::lockout},
        {refused("EOrder:Insufficient funds"), false, ErrorCode::funds, ErrorCode::funds},
        {refused("nobody knows"), false, ErrorCode::order, ErrorCode::outcome_unknown},
    };
    for (const auto& [attempt, read_again, read, placement] : rows) {
        CAPTURE(attempt.answer.errors, static_cast<int>(attempt.end));
        for (const char* harmless : {"Balance", "Ticker", "CancelOrder"}) {
            Retry retry(*find_endpoint(harmless), {});
            const auto verdict = retry.on(attempt, 0, now);
            CHECK(pause_of(verdict).has_value() == read_again);
            CHECK(error_of(verdict).code == read);
            // What leaves a placement open leaves a cancel in doubt, but for a nonce, which is always fresh.
            const bool open = placement == ErrorCode::outcome_unknown && read != ErrorCode::nonce;
            const bool in_doubt = open && std::string(harmless) == "CancelOrder";
            CHECK(error_of(verdict).executed == (in_doubt ? Executed::unknown : Executed::no));
        }
        for (const char* acting : {"AddOrder", "AmendOrder", "Withdraw", "AddExport"}) {
            Retry retry(*find_endpoint(acting), {});
            const auto verdict = retry.on(attempt, 0, now);
            CHECK_FALSE(pause_of(verdict));
            CHECK(error_of(verdict).code == placement);
            const bool open = placement == ErrorCode::outcome_unknown;
            CHECK(error_of(verdict).executed == (open ? Executed::unknown : Executed::no));
            CHECK_FALSE((open && error_of(verdict).retryable));
        }
    }
}

TEST_CASE("a placement refused beside a result that holds something may have been placed") {
    Attempt attempt = refused("EOrder:Insufficient funds");
    const auto empty = GENERATE(as<std::string>(), "", "null", "{}", "{ }", "[]");
    attempt.answer.result = empty;
    Retry plain(*find_endpoint("AddOrder"), {});
    CHECK(error_of(plain.on(attempt, 0, now)).code == ErrorCode::funds);
    attempt.answer.result = R"({"txid":["OABCDE-12345-FGHIJK"]})";
    Retry placing(*find_endpoint("AddOrder"), {});
    const auto error = error_of(placing.on(attempt, 0, now));
    CHECK(error.code == ErrorCode::outcome_unknown);
    CHECK(error.executed == Executed::unknown);
    CHECK(error.message.contains("EOrder:Insufficient funds"));
    Retry reading(*find_endpoint("Balance"), {});
    CHECK(error_of(reading.on(attempt, 0, now)).code == ErrorCode::funds);
}

TEST_CASE("a placement that was sent is never sent again, whatever Kraken or the network says") {
    for (const auto& endpoint : protocol::endpoints()) {
        if (!kraken::acts_once(endpoint)) continue;
        CAPTURE(endpoint.name);
        for (const Attempt& attempt :
             {lost,
              not_sent,
              refused("EService:Busy"),
              refused("EAPI:Invalid nonce"),
              refused("EAPI:Rate limit exceeded"),
              refused("EService:Throttled:1"),
              refused("x")}) {
            Retry retry(endpoint, {});
            CHECK_FALSE(pause_of(retry.on(attempt, 0.5, now)));
        }
    }
}

TEST_CASE("a refused nonce is tried once more, at once") {
    Retry retry(*find_endpoint("Balance"), {});
    CHECK(pause_of(retry.on(refused("EAPI:Invalid nonce"), 0.9, now)) == 0ms);
    const auto second = retry.on(refused("EAPI:Invalid nonce"), 0.9, now);
    CHECK_FALSE(pause_of(second));
    CHECK(error_of(second).code == ErrorCode::nonce);
    CHECK_FALSE(error_of(second).remedy.empty());
}

TEST_CASE("a refused nonce stays in mind over other failures") {
    Retry retry(*find_endpoint("CancelOrder"), {});
    CHECK(pause_of(retry.on(refused("EAPI:Invalid nonce"), 0, now)));
    CHECK(pause_of(retry.on(lost, 0, now)));
    CHECK_FALSE(pause_of(retry.on(refused("EAPI:Invalid nonce"), 0, now)));
}

TEST_CASE("pauses double from half to all of the base delay, up to the highest") {
    constexpr RetrySettings settings{20, 500ms, 8000ms};
    const std::vector<std::chrono::milliseconds> full{500ms, 1000ms, 2000ms, 4000ms, 8000ms, 8000ms, 8000ms};
    Retry least(*find_endpoint("Balance"), settings);
    Retry most(*find_endpoint("Balance"), settings);
    for (const auto longest : full) {
        CHECK(pause_of(least.on(lost, 0, now)) == longest / 2);
        const auto pause = pause_of(most.on(lost, 0.999999, now));
        REQUIRE(pause);
        CHECK(*pause <= longest);
        CHECK(*pause >= longest - 2ms);
    }
}

TEST_CASE("many attempts do not overflow a pause") {
    Retry retry(*find_endpoint("Balance"), {1000, 600'000ms, 600'000ms});
    for (int attempt = 0; attempt < 100; ++attempt)
        CHECK(pause_of(retry.on(not_sent, 0.5, now)) == 450'000ms);
}

TEST_CASE("the last attempt is the last") {
    const auto attempts = GENERATE(1U, 2U, 4U);
    Retry retry(*find_endpoint("Balance"), {attempts, 1ms, 1ms});
    for (unsigned attempt = 1; attempt < attempts; ++attempt)
        CHECK(pause_of(retry.on(lost, 0, now)));
    const auto last = retry.on(lost, 0, now);
    CHECK_FALSE(pause_of(last));
    CHECK(error_of(last).code == ErrorCode::network);
    CHECK(error_of(last).retryable);
}

TEST_CASE("Kraken's own time to wait goes before ours") {
    Retry retry(*find_endpoint("Balance"), {});
    CHECK(pause_of(retry.on(refused("EService:Throttled:1"), 0, now)) == 1s);
}
