#include "client/failure.hpp"

#include <charconv>

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

namespace krakken::client {

namespace {

using protocol::Executed;
using Members = std::vector<protocol::JsonMember>;

std::string_view name(FailureKind kind) {
    switch (kind) {
        case FailureKind::refused:
            return "refused";
        case FailureKind::no_daemon:
            return "no_daemon";
        case FailureKind::untrusted:
            return "untrusted";
        case FailureKind::lost:
            return "lost";
        case FailureKind::late:
            return "late";
        case FailureKind::unsent:
            return "unsent";
    }
    std::unreachable();
}

std::string text(const Members& members, std::string_view member) {
    const auto* found = protocol::find(members, member);
    const bool is_text = found && protocol::kind_of(found->value) == protocol::JsonKind::string;
    return is_text ? protocol::decode_string(found->value) : std::string();
}

template <class Integer>
std::optional<Integer> integer(const Members& members, std::string_view member) {
    const auto* found = protocol::find(members, member);
    if (!found) return std::nullopt;
    Integer value{};
    const char* const end = found->value.data() + found->value.size();
    const auto read = std::from_chars(found->value.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return value;
}

bool is_true(const Members& members, std::string_view member) {
    const auto* found = protocol::find(members, member);
    return found && found->value == "true";
}

// What an error that does not say so must be taken for: anything may have happened.
Executed executed(const Members& data) {
    const std::string said = text(data, "executed");
    if (said == "no") return Executed::no;
    if (said == "yes") return Executed::yes;
    return Executed::unknown;
}

void read_data(Failure& failure, std::string_view raw) {
    const auto data = protocol::split_object(raw, protocol::max_reply_depth);
    if (!data) return;
    failure.executed = executed(*data);
    failure.retryable = is_true(*data, "retryable") && failure.executed == Executed::no;
    failure.category = text(*data, "category");
    failure.reason = text(*data, "reason");
    failure.remedy = text(*data, "remedy");
    if (const auto wait = integer<std::int64_t>(*data, "retry_after_ms"))
        failure.retry_after = std::chrono::milliseconds(*wait);
    const auto* strings = protocol::find(*data, "kraken");
    if (!strings) return;
    const auto items = protocol::split_array(strings->value, protocol::max_reply_depth);
    for (const std::string_view item : items.value_or(std::vector<std::string_view>()))
        if (protocol::kind_of(item) == protocol::JsonKind::string)
            failure.kraken.push_back(protocol::decode_string(item));
}

}  // namespace

namespace {

std::string_view word_of(Executed executed) {
    switch (executed) {
        case Executed::no:
            return "no";
        case Executed::yes:
            return "yes";
        case Executed::unknown:
            return "unknown";
    }
    std::unreachable();
}

}  // namespace

Failure make_failure(FailureKind kind, std::string message, std::string remedy, Executed executed) {
    Failure failure;
    failure.kind = kind;
    failure.message = std::move(message);
    failure.remedy = std::move(remedy);
    failure.executed = executed;
    const bool unknown = executed == Executed::unknown;
    failure.code = unknown ? static_cast<int>(protocol::ErrorCode::outcome_unknown) : 0;
    failure.category = unknown ? protocol::category(protocol::ErrorCode::outcome_unknown) : name(kind);

    failure.json = "{\"code\":" + std::to_string(failure.code);
    failure.json += ",\"message\":" + protocol::quote(failure.message);
    failure.json += ",\"data\":{\"category\":" + protocol::quote(failure.category);
    failure.json += ",\"executed\":" + protocol::quote(word_of(executed));
    failure.json += R"(,"retryable":false,"origin":"client")";
    if (!failure.remedy.empty()) failure.json += ",\"remedy\":" + protocol::quote(failure.remedy);
    failure.json += "}}";
    return failure;
}

Failure read_failure(std::string_view json) {
    Failure failure;
    failure.json = json;
    failure.executed = Executed::unknown;
    const auto members = protocol::split_object(json, protocol::max_reply_depth);
    if (!members) return failure;
    failure.code = integer<int>(*members, "code").value_or(0);
    failure.message = text(*members, "message");
    if (const auto* data = protocol::find(*members, "data")) read_data(failure, data->value);
    return failure;
}

}  // namespace krakken::client
