#pragma once

// May this request pass? Route, key, signature, nonce, otp, permissions, counters, in the order the switches
// say. Plain state, no sockets and no clock of its own.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/exchange/admission/body.hpp"
#include "tests/exchange/admission/endpoints.hpp"
#include "tests/exchange/admission/keys.hpp"
#include "tests/exchange/admission/lockout.hpp"
#include "tests/exchange/admission/public_limit.hpp"
#include "tests/exchange/admission/switches.hpp"

namespace exchange::front {

// One HTTP request, as far as admission looks at it.
struct Attempt {
    std::string_view method;
    std::string_view path;   // without the query
    std::string_view query;  // without the ?
    std::string api_key;
    std::string api_sign;
    std::optional<std::string> content_type;
    bool has_user_agent = true;
    std::string_view body;
    std::string address;
    Time now;
};

struct Verdict {
    // Empty = admitted. "route" or the name of the check that refused; "arguments" and "business" come from
    // later.
    std::string refused_by;
    std::string error;
    std::string detail;  // for the journal only
    unsigned status =
        200;  // 429 stands for a page in place of the envelope, 404 for a path that is not the API's
    const ApiKey* key = nullptr;         // also when a later check refused
    std::string_view name;               // "Balance", "Earn/Allocate", "Ticker"
    const Endpoint* endpoint = nullptr;  // null on a public call
    Params params;
    std::optional<std::string> nonce;  // as written
    bool nonce_used = false;
};

class Admission {
public:
    // Both must outlive it; both may change between calls.
    Admission(const Switches& switches, KeyRing& keys) : switches_(switches), keys_(keys) {}

    Verdict judge(const Attempt& attempt);

    // The call was admitted, but then refused for `reason` ("arguments", "business"): settles what becomes of
    // its nonce.
    void refuse_later(Verdict& verdict, std::string_view reason);

    const Lockouts& lockouts() const { return lockouts_; }

private:
    // Grouped so that a check sees all that earlier ones found.
    struct Progress {
        const Attempt& attempt;
        Verdict& verdict;
        ApiKey* key = nullptr;
        Tier tier = Tier::intermediate;
        std::optional<std::string> otp;
        std::optional<std::uint64_t> nonce;
        bool signature_good = false;
        bool charged = false;
    };
    using Check = bool (Admission::*)(Progress&);
    struct NamedCheck;

    bool route(Progress& progress);
    void judge_public(Progress& progress);
    void judge_private(Progress& progress);

    // True = passed. On false the verdict carries the error.
    bool check_lockout(Progress& progress);
    bool check_key(Progress& progress);
    bool check_address(Progress& progress);
    bool check_expiry(Progress& progress);
    bool check_body(Progress& progress);
    bool check_nonce_syntax(Progress& progress);
    bool check_signature(Progress& progress);
    bool check_nonce_order(Progress& progress);
    bool check_otp(Progress& progress);
    bool check_permission(Progress& progress);
    bool check_concurrency(Progress& progress);
    bool check_rate(Progress& progress);

    void settle(Progress& progress);
    void settle_nonce(Progress& progress);

    const Switches& switches_;
    KeyRing& keys_;
    Lockouts lockouts_;
    PublicLimit public_limit_;
};

}  // namespace exchange::front
