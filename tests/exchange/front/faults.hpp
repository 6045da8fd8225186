#pragma once

// Faults on demand: which request or connection meets which trouble. Plain state; https_server.cpp does the
// trouble.

#include <boost/json.hpp>
#include <cstdint>
#include <expected>
#include <list>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace exchange::front {

enum class FaultKind {
    delay,
    drop_before,
    drop_after,
    reset,
    status,
    truncate,
    garbage,
    slow_drip,
    close_after_reply,
    duplicate,
    half_open,
    busy,
    unavailable,
    throttled,
    lockout,
    error,
    // of connections, not of requests
    refuse,
    connect_half_open,
    tls_failure,
    close_idle,
    // done at once, never kept
    close_now,
};

struct Fault {
    std::uint64_t id = 0;
    FaultKind kind = FaultKind::delay;
    std::string endpoint = "*";
    std::string account = "*";  // whose key the request names
    std::int64_t count = 1;     // how often it happens, 0 = until it is removed
    std::int64_t skip = 0;      // matching requests that are let pass first
    double probability = 1;
    std::int64_t delay_before_ms = 0;  // before the request is looked at
    std::int64_t delay_after_ms = 0;   // between executing and answering

    // How far the request gets before the trouble: executed, or else admitted (its nonce is used), or else
    // not seen at all.
    bool executed = true;
    bool nonce_used = true;

    std::int64_t status = 502;
    std::string text;                // of error; of status: the page
    std::int64_t retry_after_s = 0;  // of status and throttled
    std::int64_t bytes = 0;  // reset, truncate: how much of the reply goes out; slow_drip: per interval
    std::int64_t interval_ms = 50;    // slow_drip
    std::int64_t idle_ms = 0;         // close_idle
    std::int64_t duplicate_ms = 100;  // duplicate
    bool full_length = false;         // truncate: Content-Length is that of the whole
    std::string certificate;  // tls_failure: "" = no TLS at all, or "untrusted", "expired", "wrong_name"

    std::int64_t happened = 0;

    boost::json::object to_json() const;
};

std::string_view kind_name(FaultKind kind);

std::expected<Fault, std::string> parse_fault(const boost::json::object& object);

class Faults {
public:
    explicit Faults(std::uint64_t seed = 1) : random_(seed) {}

    std::uint64_t add(Fault fault);
    bool remove(std::uint64_t id);
    void clear() { faults_.clear(); }

    // The first that matches and is due; using it up once.
    std::optional<Fault> for_request(std::string_view endpoint, std::string_view account = {});
    std::optional<Fault> for_connection();
    bool refuses_connections() const;
    std::optional<std::int64_t> idle_ms() const;

    const std::list<Fault>& all() const { return faults_; }

private:
    bool due(Fault& fault);
    template <class Matches>
    std::optional<Fault> take(Matches matches);

    std::list<Fault> faults_;
    std::uint64_t last_id_ = 0;
    std::mt19937_64 random_;
};

}  // namespace exchange::front
