#include "tests/exchange/front/delivery.hpp"

#include <random>

namespace exchange::front {

namespace {

using Ending = Delivery::Ending;

std::string garbage(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<int> byte(0, 255);
    std::string bytes(size, '\0');
    for (char& each : bytes)
        each = static_cast<char>(byte(random));
    return bytes;
}

std::string throttled_text(const Exchange& exchange, const Fault& fault) {
    const Time again = exchange.clock().now() + std::chrono::seconds(fault.retry_after_s);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(again).time_since_epoch().count();
    return "EService: Throttled: " + std::to_string(seconds);
}

// The error text a fault puts in place of the answer, or empty.
std::string error_of(const Exchange& exchange, const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::busy:
            return "EService:Busy";
        case FaultKind::unavailable:
            return "EService:Unavailable";
        case FaultKind::throttled:
            return throttled_text(exchange, fault);
        case FaultKind::lockout:
            return "EGeneral:Temporary lockout";
        case FaultKind::error:
            return fault.text;
        default:
            return {};
    }
}

Reply status_page(const Fault& fault) {
    Reply page = html_page(static_cast<unsigned>(fault.status));
    if (!fault.text.empty()) page.body = fault.text;
    if (fault.retry_after_s > 0)
        page.headers.emplace_back("Retry-After", std::to_string(fault.retry_after_s));
    return page;
}

Reply changed_reply(const Exchange& exchange, const Outcome& outcome, const Fault& fault) {
    if (fault.kind == FaultKind::status) return status_page(fault);
    // What admission refuses, it refuses before any trouble behind it can be met.
    const bool refused_first = reach_of(fault) != Reach::nowhere && !outcome.admitted;
    if (const std::string error = error_of(exchange, fault); !error.empty() && !refused_first) {
        return exchange.error_reply(error);
    }
    Reply reply = outcome.reply;
    if (fault.kind == FaultKind::garbage) reply.body = garbage(reply.body.size(), fault.id);
    return reply;
}

Delivery truncated(const Reply& reply, const Fault& fault) {
    const std::size_t size = fault.bytes > 0 ? static_cast<std::size_t>(fault.bytes) : reply.body.size() / 2;
    Reply part = reply;
    part.body.resize(std::min(size, reply.body.size()));
    const std::string head = to_bytes(fault.full_length ? reply : part, true).head;
    return {.bytes = head + part.body, .ending = fault.full_length ? Ending::cut : Ending::keep};
}

}  // namespace

Reach reach_of(const Fault& fault) {
    if (fault.executed) return Reach::venue;
    return fault.nonce_used ? Reach::admission : Reach::nowhere;
}

Delivery plan_delivery(
    const Exchange& exchange, const Outcome& outcome, const std::optional<Fault>& fault, bool keep_alive
) {
    const Reply reply = fault ? changed_reply(exchange, outcome, *fault) : outcome.reply;
    const ReplyBytes whole = to_bytes(reply, keep_alive);
    Delivery delivery{
        .bytes = whole.head + whole.body, .ending = keep_alive ? Ending::keep : Ending::shutdown
    };
    if (!fault) return delivery;
    switch (fault->kind) {
        case FaultKind::drop_before:
        case FaultKind::drop_after:
            return {.bytes = {}, .ending = Ending::cut};
        case FaultKind::half_open:
            return {.bytes = {}, .ending = Ending::hold};
        case FaultKind::truncate:
            return truncated(reply, *fault);
        case FaultKind::reset: {
            const std::size_t half = whole.head.size() + whole.body.size() / 2;
            const std::size_t size = fault->bytes > 0 ? static_cast<std::size_t>(fault->bytes) : half;
            delivery.bytes.resize(std::min(size, delivery.bytes.size()));
            delivery.ending = Ending::reset;
            return delivery;
        }
        case FaultKind::slow_drip:
            delivery.chunk = static_cast<std::size_t>(fault->bytes);
            delivery.interval_ms = fault->interval_ms;
            return delivery;
        case FaultKind::close_after_reply:
            delivery.ending = Ending::cut;
            return delivery;
        default:
            return delivery;
    }
}

}  // namespace exchange::front
