#include "signer.hpp"

#include "otp.hpp"
#include "signature.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace krakken::keeper {

using protocol::ErrorCode;

namespace {

// Kraken may hold a code against those of a few windows before it. What was given out further ahead was a
// wrong clock's, Kraken cannot have taken it, and it must not stop a clock that has been put right.
constexpr std::int64_t near_windows = 10;
constexpr std::size_t remembered_windows = 16;

std::unexpected<protocol::Error> code_used(base::Time now, std::int64_t last_window) {
    auto error = protocol::make_error(
        ErrorCode::rate_limit, "this key's one-time password of this half minute was used already"
    );
    const base::Time next{totp_period * (last_window + 1)};
    error.retryable = true;
    error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(next - now);
    error.remedy = "use a static password for the key's two-factor setting: it allows any number of calls";
    return std::unexpected(std::move(error));
}

}  // namespace

Result<SignedRequest> Signer::sign(
    const Contents& contents,
    const StoredKey& stored,
    std::string_view path,
    base::Nonce nonce,
    std::string body,
    BodyForm form
) {
    return contents.bytes().use([&](std::span<const unsigned char> bytes) -> Result<SignedRequest> {
        if (stored.otp_kind != OtpKind::none) {
            auto with_otp = add_otp(stored, bytes, std::move(body), form);
            if (!with_otp) return std::unexpected(std::move(with_otp.error()));
            body = std::move(*with_otp);
        }
        const auto api_key = stored.api_key.of(bytes);
        return SignedRequest{
            .api_key = std::string(api_key.begin(), api_key.end()),
            .signature = api_sign(stored.api_secret.of(bytes), path, nonce.text(), body),
            .body = std::move(body),
        };
    });
}

Result<std::string> Signer::add_otp(
    const StoredKey& stored, std::span<const unsigned char> bytes, std::string body, BodyForm form
) {
    const auto otp = stored.otp.of(bytes);
    if (stored.otp_kind == OtpKind::password)
        return body_with_otp(std::move(body), form, {reinterpret_cast<const char*>(otp.data()), otp.size()});
    // Kraken refuses a code that was used before, so each window's code is given out once.
    const base::Time now = clock_.now();
    const std::int64_t window = totp_window(now);
    if (const auto last = in_the_way(stored.info.key, window)) return code_used(now, *last);
    auto whole = body_with_otp(std::move(body), form, totp_code(otp, window));
    if (!whole) return whole;
    auto& given_out = given_out_[stored.info.key];
    given_out.push_back(window);
    if (given_out.size() > remembered_windows) given_out.pop_front();
    return whole;
}

std::optional<std::int64_t> Signer::in_the_way(const base::KeyId& key, std::int64_t window) const {
    std::optional<std::int64_t> highest;
    const auto given_out = given_out_.find(key);
    if (given_out == given_out_.end()) return highest;
    for (const std::int64_t other : given_out->second) {
        if (window <= other && other - window <= near_windows)
            highest = std::max(highest, std::optional(other));
    }
    return highest;
}

}  // namespace krakken::keeper
