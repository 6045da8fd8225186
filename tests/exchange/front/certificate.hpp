#pragma once

// A throw-away certificate authority and what it signs, through OpenSSL's API.

#include <filesystem>
#include <string>

namespace exchange::front {

struct Certificate {
    std::string certificate;  // PEM
    std::string key;          // PEM
};

// The files of a TLS folder: ca.pem, ca.key, server.pem, server.key.
struct TlsFiles {
    std::filesystem::path ca_file;
    Certificate authority;
    Certificate server;
};

// Reads the folder, or fills it if it has none of the four files (keys 0600). Throws std::runtime_error.
TlsFiles open_tls_folder(const std::filesystem::path& folder);

Certificate make_authority();

enum class Flaw { none, expired, wrong_name };
// For localhost, 127.0.0.1 and ::1, unless the flaw says otherwise.
Certificate issue(const Certificate& authority, Flaw flaw);

}  // namespace exchange::front
