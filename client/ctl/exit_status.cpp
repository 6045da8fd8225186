#include "exit_status.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace krakken::ctl {

namespace {

using client::FailureKind;
using protocol::ErrorCode;

ExitStatus status_of_refusal(const client::Failure& failure) {
    if (failure.code == static_cast<int>(ErrorCode::locked)) return ExitStatus::locked;
    if (failure.code == static_cast<int>(ErrorCode::vault) && failure.reason == "missing")
        return ExitStatus::locked;
    return failure.retryable ? ExitStatus::temporary : ExitStatus::refused;
}

}  // namespace

ExitStatus exit_status(const client::Failure& failure) {
    // Whatever else is wrong: what may have happened must not be repeated.
    if (failure.executed != protocol::Executed::no) return ExitStatus::unknown;
    switch (failure.kind) {
        case FailureKind::refused:
            return status_of_refusal(failure);
        case FailureKind::no_daemon:
        case FailureKind::untrusted:
        case FailureKind::lost:
        case FailureKind::late:
            return ExitStatus::no_daemon;
        case FailureKind::unsent:
            return ExitStatus::usage;
    }
    std::unreachable();
}

ExitStatus worse(ExitStatus one, ExitStatus other) {
    constexpr std::array from_the_best{
        ExitStatus::done,
        ExitStatus::temporary,
        ExitStatus::refused,
        ExitStatus::usage,
        ExitStatus::locked,
        ExitStatus::no_daemon,
        ExitStatus::unknown,
    };
    return std::ranges::find(from_the_best, one) > std::ranges::find(from_the_best, other) ? one : other;
}

}  // namespace krakken::ctl
