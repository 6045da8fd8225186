#include "tests/exchange/admission/signature.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <array>
#include <stdexcept>

namespace exchange::front {

namespace {

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string sha256(std::string_view first, std::string_view second) {
    std::array<unsigned char, 32> digest{};
    unsigned length = 0;
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const bool done = context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1 &&
                      EVP_DigestUpdate(context, first.data(), first.size()) == 1 &&
                      EVP_DigestUpdate(context, second.data(), second.size()) == 1 &&
                      EVP_DigestFinal_ex(context, digest.data(), &length) == 1;
    EVP_MD_CTX_free(context);
    if (!done) throw std::runtime_error("SHA-256 failed");
    return {digest.begin(), digest.end()};
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::string decoded(text.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(
        reinterpret_cast<unsigned char*>(decoded.data()), bytes(text), static_cast<int>(text.size())
    );
    if (length < 0) return std::nullopt;
    // EVP_DecodeBlock counts the padding as zero bytes.
    std::size_t padding = 0;
    while (padding < 2 && text[text.size() - 1 - padding] == '=')
        ++padding;
    decoded.resize(static_cast<std::size_t>(length) - padding);
    // It also passes over blanks around the text and stray bits; only the one canonical form is a secret.
    if (encode_base64(decoded) != text) return std::nullopt;
    return decoded;
}

std::string encode_base64(std::string_view raw) {
    std::string encoded((raw.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(encoded.data()), bytes(raw), static_cast<int>(raw.size())
    );
    encoded.resize(static_cast<std::size_t>(length));
    return encoded;
}

std::string sign(
    std::string_view secret, std::string_view path, std::string_view nonce, std::string_view body
) {
    const std::string message = std::string(path) + sha256(nonce, body);
    std::array<unsigned char, 64> mac{};
    unsigned length = 0;
    if (HMAC(
            EVP_sha512(),
            secret.data(),
            static_cast<int>(secret.size()),
            bytes(message),
            message.size(),
            mac.data(),
            &length
        ) == nullptr) {
        throw std::runtime_error("HMAC-SHA-512 failed");
    }
    return encode_base64({reinterpret_cast<const char*>(mac.data()), length});
}

bool same_signature(std::string_view left, std::string_view right) {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace exchange::front
