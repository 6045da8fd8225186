#include "account/calls.hpp"

#include "base/log.hpp"
#include "kraken/refusal.hpp"

#include <sodium.h>

#include <fmt/ranges.h>
#include <algorithm>
#include <optional>
#include <utility>

namespace krakken::account {

using base::log;
using base::LogLevel;
using std::chrono::steady_clock;

namespace {

double random_share() {
    constexpr std::uint32_t steps = 1U << 16;
    return static_cast<double>(randombytes_uniform(steps)) / steps;
}

// The daemon's own refusal says when it would be over, and the caller still has that much time to wait. What
// acts goes back to its caller, who knows whether it is still wanted by then.
bool is_worth_waiting(const protocol::Error& error, const Call& call, steady_clock::time_point begun) {
    return error.code == protocol::ErrorCode::rate_limit && error.retry_after &&
           !kraken::acts_once(*call.endpoint) &&
           steady_clock::now() + *error.retry_after < std::min(begun + call.max_wait, call.deadline);
}

// Why a call failed in Kraken's words; what else failed stands in the call's own line.
void log_refused(const Call& call, const protocol::Error& error) {
    if (error.kraken.empty()) return;
    const std::string texts = fmt::format("{}", fmt::join(error.kraken, ", "));
    log(LogLevel::info, "kraken.refused", {{"call_id", call.call_id}, {"text", fit_for_log(texts)}});
}

}  // namespace

awaitable<Result<std::string>> make_call(
    kraken::Api& api,
    const base::Clock& clock,
    const Call& call,
    RetrySettings settings,
    const SendOnce& send_once
) {
    Retry retry(*call.endpoint, settings);
    const auto begun = steady_clock::now();
    std::optional<protocol::Error> earlier;
    while (true) {
        auto attempt = co_await send_once();
        if (!attempt) {
            // Where an earlier attempt may have reached Kraken, "nothing was sent" would be untrue.
            const protocol::Error refused = earlier ? *earlier : attempt.error();
            if (!is_worth_waiting(attempt.error(), call, begun)) co_return std::unexpected(refused);
            const bool go_on = co_await api.pause(*attempt.error().retry_after);
            if (!go_on) co_return std::unexpected(earlier ? refused : protocol::stopping_error());
            continue;
        }
        if (attempt->given_up) continue;
        Retry::Verdict verdict = retry.on(std::move(*attempt), random_share(), clock.now());
        if (auto* done = std::get_if<Retry::Done>(&verdict)) {
            for (const std::string& warning : done->warnings)
                log(LogLevel::warn,
                    "kraken.warning",
                    {{"call_id", call.call_id}, {"text", fit_for_log(warning)}});
            co_return std::move(done->result);
        }
        if (auto* given_up = std::get_if<Retry::GiveUp>(&verdict)) {
            log_refused(call, given_up->error);
            co_return std::unexpected(std::move(given_up->error));
        }
        auto& again = std::get<Retry::Again>(verdict);
        if (steady_clock::now() + again.pause >= call.deadline) {
            log_refused(call, again.error);
            co_return std::unexpected(std::move(again.error));
        }
        log(LogLevel::debug,
            "call.again",
            {{"call_id", call.call_id},
             {"category", protocol::category(again.error.code)},
             {"pause_ms", again.pause.count()}});
        earlier = std::move(again.error);
        const bool go_on = co_await api.pause(again.pause);
        if (!go_on) co_return std::unexpected(std::move(*earlier));
    }
}

std::string fit_for_log(std::string_view text) {
    constexpr std::size_t longest = 200;
    constexpr std::size_t longest_word = 23;
    // No word of Kraken's, no order id or time is that long; keys, secrets and signatures are longer.
    const auto in_key = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
               c == '/' || c == '=';
    };
    std::string fit;
    for (auto at = text.cbegin(); at != text.cend() && fit.size() < longest;) {
        const auto end = std::find_if_not(at, text.cend(), in_key);
        const bool word = static_cast<std::size_t>(end - at) <= longest_word;
        fit += word ? std::string(at, end) : "...";
        at = end;
        if (at != text.cend()) {
            fit += *at >= ' ' && *at <= '~' ? *at : '?';
            ++at;
        }
    }
    if (fit.size() > longest) fit.resize(longest);
    return fit;
}

}  // namespace krakken::account
