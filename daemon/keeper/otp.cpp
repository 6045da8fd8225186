#include "otp.hpp"

#include "base/percent_encoding.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <boost/endian/conversion.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <stdexcept>

namespace krakken::keeper {

std::int64_t totp_window(base::Time time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()) / totp_period;
}

// RFC 4226, "Generating an HOTP Value", over the number of the window.
std::string totp_code(std::span<const unsigned char> seed, std::int64_t window) {
    std::array<unsigned char, 8> counter{};
    boost::endian::store_big_s64(counter.data(), window);
    std::array<unsigned char, 20> mac{};
    unsigned int length = 0;
    if (HMAC(
            EVP_sha1(),
            seed.data(),
            static_cast<int>(seed.size()),
            counter.data(),
            counter.size(),
            mac.data(),
            &length
        ) == nullptr)
        throw std::runtime_error("HMAC-SHA1 failed");
    const std::size_t offset = mac.back() & 0x0fU;
    const std::uint32_t truncated = boost::endian::load_big_u32(mac.data() + offset) & 0x7fffffffU;
    sodium_memzero(mac.data(), mac.size());
    return fmt::format("{:06}", truncated % 1'000'000);
}

// Neither OpenSSL nor libsodium nor Boost reads base32, hence these few lines.
std::optional<base::SecretBytes> decode_totp_seed(std::string_view base32) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    base::SecretBytes decoded(base32.size() * 5 / 8);
    std::size_t length = 0;
    const bool valid = decoded.fill([&](std::span<unsigned char> target) {
        std::uint32_t bits = 0;
        int bit_count = 0;
        bool padded = false;
        for (const char c : base32) {
            if (c == ' ') continue;
            padded = padded || c == '=';
            if (padded && c != '=') return false;
            if (padded) continue;
            const auto digit = alphabet.find(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
            if (digit == std::string_view::npos) return false;
            bits = (bits << 5U | static_cast<std::uint32_t>(digit)) & 0xfffU;
            bit_count += 5;
            if (bit_count < 8) continue;
            bit_count -= 8;
            target[length++] = static_cast<unsigned char>(bits >> bit_count);
        }
        return length > 0;
    });
    if (!valid) return std::nullopt;
    return decoded.use([&](std::span<const unsigned char> bytes) {
        return base::SecretBytes::copy_of(bytes.first(length));
    });
}

namespace {

// Leaves no copy of the password behind: the whole is reserved at once, and the part is wiped.
std::string joined(
    std::string_view body, std::string_view before, std::string password, std::string_view after
) {
    std::string whole;
    whole.reserve(body.size() + before.size() + password.size() + after.size());
    whole.append(body).append(before).append(password).append(after);
    base::wipe(password);
    return whole;
}

}  // namespace

protocol::Result<std::string> body_with_otp(std::string body, BodyForm form, std::string_view otp) {
    if (form == BodyForm::form) return joined(body, "&otp=", base::percent_encoded(otp), "");
    if (!body.ends_with('}'))
        return protocol::fail(protocol::ErrorCode::internal, "a JSON body does not end with a brace");
    body.pop_back();
    const boost::json::string_view text(otp.data(), otp.size());
    return joined(body, ",\"otp\":", boost::json::serialize(text), "}");
}

}  // namespace krakken::keeper
