#pragma once

// Makes a request ready to be sent: one-time password, then signature. Remembers which codes were given out.

#include "base/clock.hpp"
#include "contents.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace krakken::keeper {

class Signer {
public:
    // `clock` must outlive it.
    explicit Signer(const base::Clock& clock) : clock_(clock) {}

    // `stored` is a key of `contents`. rate_limit as Keeper::sign.
    Result<SignedRequest> sign(
        const Contents& contents,
        const StoredKey& stored,
        std::string_view path,
        base::Nonce nonce,
        std::string body,
        BodyForm form
    );

private:
    Result<std::string> add_otp(
        const StoredKey& stored, std::span<const unsigned char> bytes, std::string body, BodyForm form
    );

    // The highest window given out that this one may not follow; empty: its code is fresh.
    std::optional<std::int64_t> in_the_way(const base::KeyId& key, std::int64_t window) const;

    const base::Clock& clock_;
    // Windows of TOTP codes given out, the latest last; they outlive a lock on purpose.
    std::map<base::KeyId, std::deque<std::int64_t>> given_out_;
};

}  // namespace krakken::keeper
