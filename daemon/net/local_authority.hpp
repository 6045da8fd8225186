#pragma once

// A certificate authority of this machine's own, for servers on its loopback addresses and nothing else: what
// it signs is constrained to these by the authority's own certificate, which clients trust.

#include "base/types.hpp"
#include "protocol/error.hpp"

#include <boost/asio/ip/address.hpp>
#include <filesystem>
#include <memory>
#include <string>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY
struct x509_st;      // and its X509

namespace krakken::net {

struct Issued {
    std::shared_ptr<x509_st> certificate;
    std::shared_ptr<evp_pkey_st> key;
    base::Time from;
    base::Time until;
};

class LocalAuthority {
public:
    // The one of this folder, or a new one where there is none, or where it is good for fewer than 30 days.
    // It lies in `authority.pem`, with its key, and without it in `ca.pem`, for clients; both 0600, the
    // folder 0700. Blocks as long as the disk does.
    //
    // Errors: those of base::StrictFolder; vault "unreadable" with the remedy if authority.pem is damaged.
    static protocol::Result<LocalAuthority> open_or_make(const std::filesystem::path& folder, base::Time now);

    // Of ca.pem; where that is.
    const std::string& pem() const { return pem_; }
    const std::filesystem::path& file() const { return file_; }
    // It was made just now: no client trusts it yet.
    bool is_new() const { return is_new_; }

    // A new key and certificate for localhost, 127.0.0.1, ::1 and this address, good from a day ago for 397
    // days (but no longer than the authority is). Throws std::runtime_error when OpenSSL refuses.
    Issued issue(const boost::asio::ip::address& address, base::Time now) const;

private:
    LocalAuthority() = default;

    std::shared_ptr<x509_st> certificate_;
    std::shared_ptr<evp_pkey_st> key_;
    std::string pem_;
    std::filesystem::path file_;
    bool is_new_ = false;
};

}  // namespace krakken::net
