#include "tests/exchange/front/faults.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace exchange::front {

namespace {

constexpr auto kinds = std::to_array<std::pair<std::string_view, FaultKind>>({
    {"delay", FaultKind::delay},
    {"drop_before", FaultKind::drop_before},
    {"drop_after", FaultKind::drop_after},
    {"reset", FaultKind::reset},
    {"status", FaultKind::status},
    {"truncate", FaultKind::truncate},
    {"garbage", FaultKind::garbage},
    {"slow_drip", FaultKind::slow_drip},
    {"close_after_reply", FaultKind::close_after_reply},
    {"duplicate", FaultKind::duplicate},
    {"half_open", FaultKind::half_open},
    {"busy", FaultKind::busy},
    {"unavailable", FaultKind::unavailable},
    {"throttled", FaultKind::throttled},
    {"lockout", FaultKind::lockout},
    {"error", FaultKind::error},
    {"refuse", FaultKind::refuse},
    {"connect_half_open", FaultKind::connect_half_open},
    {"tls_failure", FaultKind::tls_failure},
    {"close_idle", FaultKind::close_idle},
    {"close_now", FaultKind::close_now},
});

using Member = std::variant<std::int64_t Fault::*, bool Fault::*, std::string Fault::*, double Fault::*>;

constexpr auto members = std::to_array<std::pair<std::string_view, Member>>({
    {"endpoint", &Fault::endpoint},
    {"account", &Fault::account},
    {"count", &Fault::count},
    {"skip", &Fault::skip},
    {"probability", &Fault::probability},
    {"delay_before_ms", &Fault::delay_before_ms},
    {"delay_after_ms", &Fault::delay_after_ms},
    {"executed", &Fault::executed},
    {"nonce_used", &Fault::nonce_used},
    {"status", &Fault::status},
    {"text", &Fault::text},
    {"retry_after_s", &Fault::retry_after_s},
    {"bytes", &Fault::bytes},
    {"interval_ms", &Fault::interval_ms},
    {"idle_ms", &Fault::idle_ms},
    {"duplicate_ms", &Fault::duplicate_ms},
    {"full_length", &Fault::full_length},
    {"certificate", &Fault::certificate},
});

bool read(std::int64_t& into, const boost::json::value& value) {
    if (!value.is_int64() || value.get_int64() < 0) return false;
    into = value.get_int64();
    return true;
}

bool read(bool& into, const boost::json::value& value) {
    if (!value.is_bool()) return false;
    into = value.get_bool();
    return true;
}

bool read(std::string& into, const boost::json::value& value) {
    if (!value.is_string()) return false;
    into = value.get_string();
    return true;
}

bool read(double& into, const boost::json::value& value) {
    if (!value.is_number()) return false;
    into = value.to_number<double>();
    return into >= 0 && into <= 1;
}

// What a kind does unless the fault says otherwise: a proxy's fault leaves the request unseen, an error
// answer of the exchange has used the nonce, and a broken answer belongs to a call that was executed.
void set_defaults(Fault& fault) {
    switch (fault.kind) {
        case FaultKind::drop_before:
        case FaultKind::half_open:
        case FaultKind::status:
        case FaultKind::lockout:
            fault.executed = fault.nonce_used = false;
            break;
        case FaultKind::busy:
        case FaultKind::unavailable:
        case FaultKind::throttled:
        case FaultKind::error:
            fault.executed = false;
            break;
        case FaultKind::refuse:
        case FaultKind::close_idle:
            fault.count = 0;
            break;
        default:
            break;
    }
}

bool is_of_request(FaultKind kind) {
    return kind < FaultKind::refuse;
}

bool is_of_new_connection(FaultKind kind) {
    return kind == FaultKind::connect_half_open || kind == FaultKind::tls_failure;
}

std::string problem_with(const Fault& fault) {
    constexpr std::array<std::string_view, 4> certificates{"", "untrusted", "expired", "wrong_name"};
    if (fault.kind == FaultKind::error && fault.text.empty()) return "error needs a text";
    if (fault.kind == FaultKind::slow_drip && fault.bytes == 0)
        return "slow_drip needs bytes, and perhaps interval_ms";
    if (fault.kind == FaultKind::close_idle && fault.idle_ms == 0) return "close_idle needs idle_ms";
    if (fault.status < 400 || fault.status > 599) return "status must be 400 to 599";
    if (std::ranges::find(certificates, fault.certificate) == certificates.end()) {
        return "certificate allows only untrusted, expired, wrong_name";
    }
    return {};
}

}  // namespace

std::string_view kind_name(FaultKind kind) {
    return std::ranges::find(kinds, kind, &std::pair<std::string_view, FaultKind>::second)->first;
}

boost::json::object Fault::to_json() const {
    boost::json::object object;
    object["id"] = id;
    object["kind"] = kind_name(kind);
    for (const auto& [name, member] : members) {
        std::visit([&](auto pointer) { object[name] = boost::json::value_from(this->*pointer); }, member);
    }
    object["happened"] = happened;
    return object;
}

std::expected<Fault, std::string> parse_fault(const boost::json::object& object) {
    Fault fault;
    const auto* kind = object.if_contains("kind");
    const auto known =
        kind != nullptr && kind->is_string()
            ? std::ranges::find(
                  kinds, std::string_view(kind->get_string()), &std::pair<std::string_view, FaultKind>::first
              )
            : kinds.end();
    if (known == kinds.end()) {
        std::string names;
        for (const auto& [name, value] : kinds)
            names += ' ' + std::string(name);
        return std::unexpected("kind must be one of:" + names);
    }
    fault.kind = known->second;
    set_defaults(fault);
    for (const auto& [name, value] : object) {
        if (name == "kind") continue;
        const auto member =
            std::ranges::find(members, std::string_view(name), &std::pair<std::string_view, Member>::first);
        if (member == members.end()) return std::unexpected("unknown member " + std::string(name));
        if (!std::visit([&](auto pointer) { return read(fault.*pointer, value); }, member->second)) {
            return std::unexpected("wrong value of " + std::string(name));
        }
    }
    if (std::string problem = problem_with(fault); !problem.empty()) return std::unexpected(problem);
    return fault;
}

std::uint64_t Faults::add(Fault fault) {
    fault.id = ++last_id_;
    faults_.push_back(std::move(fault));
    return last_id_;
}

bool Faults::remove(std::uint64_t id) {
    return std::erase_if(faults_, [&](const Fault& fault) { return fault.id == id; }) > 0;
}

bool Faults::due(Fault& fault) {
    if (fault.skip > 0) {
        --fault.skip;
        return false;
    }
    return fault.probability >= 1 || std::uniform_real_distribution<>(0, 1)(random_) < fault.probability;
}

template <class Matches>
std::optional<Fault> Faults::take(Matches matches) {
    for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
        if (!matches(*fault) || !due(*fault)) continue;
        ++fault->happened;
        Fault taken = *fault;
        if (fault->count == 1) {
            faults_.erase(fault);
        } else if (fault->count > 1) {
            --fault->count;
        }
        return taken;
    }
    return std::nullopt;
}

std::optional<Fault> Faults::for_request(std::string_view endpoint, std::string_view account) {
    return take([&](const Fault& fault) {
        return is_of_request(fault.kind) && (fault.endpoint == "*" || fault.endpoint == endpoint) &&
               (fault.account == "*" || fault.account == account);
    });
}

std::optional<Fault> Faults::for_connection() {
    return take([](const Fault& fault) { return is_of_new_connection(fault.kind); });
}

bool Faults::refuses_connections() const {
    return std::ranges::any_of(faults_, [](const Fault& fault) { return fault.kind == FaultKind::refuse; });
}

std::optional<std::int64_t> Faults::idle_ms() const {
    for (const Fault& fault : faults_) {
        if (fault.kind == FaultKind::close_idle) return fault.idle_ms;
    }
    return std::nullopt;
}

}  // namespace exchange::front
