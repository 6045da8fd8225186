#include "signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace krakken::keeper {

namespace {

std::array<char, 32> sha256(std::string_view first, std::string_view second) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::array<char, 32> digest{};
    if (context == nullptr || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), first.data(), first.size()) != 1 ||
        EVP_DigestUpdate(context.get(), second.data(), second.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) != 1)
        throw std::runtime_error("SHA-256 failed");
    return digest;
}

}  // namespace

std::string api_sign(
    std::span<const unsigned char> secret,
    std::string_view path,
    std::string_view nonce,
    std::string_view body
) {
    const auto inner = sha256(nonce, body);
    std::string message(path);
    message.append(inner.data(), inner.size());
    std::array<unsigned char, 64> mac{};
    if (HMAC(
            EVP_sha512(),
            secret.data(),
            static_cast<int>(secret.size()),
            reinterpret_cast<const unsigned char*>(message.data()),
            message.size(),
            mac.data(),
            nullptr
        ) == nullptr)
        throw std::runtime_error("HMAC-SHA512 failed");

    constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
    std::array<char, sodium_base64_ENCODED_LEN(mac.size(), variant)> text{};
    sodium_bin2base64(text.data(), text.size(), mac.data(), mac.size(), variant);
    return text.data();
}

}  // namespace krakken::keeper
