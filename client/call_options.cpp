#include "client/call_options.hpp"

#include "protocol/json_text.hpp"

namespace krakken::client {

using namespace std::chrono_literals;

std::string call_params(std::string_view endpoint, std::string_view params, const CallOptions& options) {
    std::string json = "{\"endpoint\":" + protocol::quote(endpoint);
    if (!options.account.empty()) json += ",\"account\":" + protocol::quote(options.account);
    if (!params.empty()) json.append(",\"params\":").append(params);
    if (options.timeout) json += ",\"timeout_ms\":" + std::to_string(options.timeout->count());
    if (options.max_wait) json += ",\"max_wait_ms\":" + std::to_string(options.max_wait->count());
    if (!options.idempotency_key.empty())
        json += ",\"idempotency_key\":" + protocol::quote(options.idempotency_key);
    return json + "}";
}

std::chrono::milliseconds patience_of(const CallOptions& options) {
    // The daemon keeps its own deadline; this one is for a daemon that hangs.
    return options.timeout.value_or(30s) + 5s;
}

}  // namespace krakken::client
