#pragma once

// Makes a request ready to be sent: one-time password, then signature. Remembers which codes were given out.

#include "base/clock.hpp"
#include "contents.hpp"

#include <map>
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

    const base::Clock& clock_;
    std::map<base::KeyId, std::int64_t> last_window_;  // of TOTP codes given out; outlives a lock on purpose
};

}  // namespace krakken::keeper
