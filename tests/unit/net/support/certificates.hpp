#pragma once

// A certificate authority that lives as long as a test.

#include <filesystem>
#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace krakken::net::test {

struct Identity {
    std::string certificate_pem;
    std::string key_pem;
};

struct CertificateWish {
    std::string alternative_name = "DNS:localhost";  // as OpenSSL's configuration writes it
    long valid_from = -3600;                         // seconds from now
    long valid_until = 3600;
};

class Authority {
public:
    Authority();
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;
    ~Authority();

    Identity issue(const CertificateWish& wish = {}) const;
    static Identity self_signed(const CertificateWish& wish = {});

    // The authority's certificate as a PEM file.
    const std::filesystem::path& file() const { return file_; }

private:
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<x509_st> certificate_;
    std::filesystem::path file_;
};

}  // namespace krakken::net::test
