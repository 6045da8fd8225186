#include <catch2/catch.hpp>

#include "client/ctl/exit_status.hpp"
#include "client/ctl/report.hpp"

namespace {

using namespace krakken::ctl;
using krakken::client::Failure;
using krakken::client::FailureKind;
using krakken::client::make_failure;
using krakken::client::read_failure;
using krakken::protocol::Executed;

Failure refusal(int code, const std::string& data) {
    return read_failure("{\"code\":" + std::to_string(code) + ",\"message\":\"m\",\"data\":" + data + "}");
}

}  // namespace

TEST_CASE("every error of the contract has its exit status") {
    const std::string no = R"({"executed":"no","retryable":false})";
    const std::string later = R"({"executed":"no","retryable":true})";
    const std::string unknown = R"({"executed":"unknown","retryable":false})";
    const auto& [code, data, status] = GENERATE_COPY(table<int, std::string, int>(
        {{-32700, no, 1},
         {-32600, no, 1},
         {-32601, no, 1},
         {-32602, no, 1},
         {-32603, no, 1},
         {-32001, no, 4},
         {-32001, later, 4},
         {-32002, no, 1},
         {-32003, no, 1},
         {-32004, no, 1},
         {-32005, no, 1},
         {-32006, no, 1},
         {-32007, R"({"executed":"no","retryable":false,"reason":"missing"})", 4},
         {-32007, R"({"executed":"no","retryable":false,"reason":"exists"})", 1},
         {-32007, R"({"executed":"no","retryable":false,"reason":"mode"})", 1},
         {-32010, no, 1},
         {-32011, no, 1},
         {-32012, no, 1},
         {-32013, later, 75},
         {-32013, no, 1},
         {-32014, no, 1},
         {-32015, no, 1},
         {-32016, later, 75},
         {-32017, later, 75},
         {-32017, no, 1},
         {-32018, later, 75},
         {-32019, unknown, 5},
         // Whatever the daemon says of it: a fate that is not known is never temporary.
         {-32018, R"({"executed":"unknown","retryable":true})", 5},
         {-32603, R"({})", 5},
         {-32020, later, 75},
         {-32021, later, 75},
         {-32022, no, 1},
         {-32023, no, 1},
         {-32024, later, 75}}
    ));
    CAPTURE(code, data);
    CHECK(static_cast<int>(exit_status(refusal(code, data))) == status);
}

TEST_CASE("failures without an answer have theirs") {
    const auto& [kind, executed, status] = GENERATE(table<FailureKind, Executed, ExitStatus>(
        {{FailureKind::no_daemon, Executed::no, ExitStatus::no_daemon},
         {FailureKind::untrusted, Executed::no, ExitStatus::no_daemon},
         {FailureKind::lost, Executed::no, ExitStatus::no_daemon},
         {FailureKind::lost, Executed::unknown, ExitStatus::unknown},
         {FailureKind::late, Executed::no, ExitStatus::no_daemon},
         {FailureKind::late, Executed::unknown, ExitStatus::unknown},
         {FailureKind::unsent, Executed::no, ExitStatus::usage}}
    ));
    CHECK(exit_status(make_failure(kind, "m", "", executed)) == status);
}

TEST_CASE("of several exit statuses the one that a script must know of") {
    using enum ExitStatus;
    CHECK(worse(done, done) == done);
    const std::vector from_the_best{done, temporary, refused, usage, locked, no_daemon, unknown};
    for (std::size_t one = 0; one < from_the_best.size(); ++one)
        for (std::size_t other = 0; other < from_the_best.size(); ++other)
            CHECK(worse(from_the_best[one], from_the_best[other]) == from_the_best[std::max(one, other)]);
}

TEST_CASE("a person is told what went wrong, what was done and what to do") {
    const Failure failure = refusal(
        -32013,
        R"({"executed":"no","retryable":true,"kraken":["EAPI:Rate limit exceeded"],"remedy":"wait","retry_after_ms":1500})"
    );
    CHECK(
        explain(failure) ==
        "krakkenctl: m\n"
        "  Kraken said: EAPI:Rate limit exceeded\n"
        "  Nothing was executed. Try again in 1500 ms.\n"
        "  What to do: wait\n"
    );
    CHECK(explain(refusal(-32019, R"({"executed":"unknown"})")).find("NOT known") != std::string::npos);
}

TEST_CASE("what others say cannot steer the terminal") {
    Failure failure = make_failure(
        FailureKind::refused,
        "a\x1b[2Jb\xC2\x9B"
        "c",
        "d\re"
    );
    failure.kraken = {"E\x1b]0;x\x07"};
    const std::string text = explain(failure);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\x9b') == std::string::npos);
    CHECK(text.find('\r') == std::string::npos);
    CHECK(text.find('\x07') == std::string::npos);
}
