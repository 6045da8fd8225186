#include "net/local_authority.hpp"

#include "base/files.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace krakken::net {

using protocol::Result;

namespace {

using std::chrono::days;

using Certificate = std::shared_ptr<X509>;
using Key = std::shared_ptr<EVP_PKEY>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr const char* authority_name = "authority.pem";
constexpr const char* client_name = "ca.pem";
constexpr std::size_t max_size = 64 * 1024;

constexpr days authority_life{3650};
constexpr days least_life{30};  // of an authority that is still used
// Apple's systems accept no longer one, and others follow them.
constexpr days certificate_life{397};
constexpr days backdated{1};  // for clocks that step back a little

// Everything else is forbidden of the names that TLS clients ask for.
constexpr const char* constraints =
    "critical,permitted;DNS:localhost,permitted;IP:127.0.0.0/255.0.0.0,"
    "permitted;IP:::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

void check(bool good, std::string_view what) {
    if (!good) throw std::runtime_error(fmt::format("OpenSSL cannot make a certificate: {}", what));
}

std::time_t seconds(base::Time time) {
    return std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
}

std::uint64_t random_number() {
    std::array<unsigned char, 8> bytes{};
    check(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "random bytes");
    std::uint64_t number = 0;
    for (const unsigned char byte : bytes)
        number = number << 8 | byte;
    return number >> 1;  // a serial number is positive
}

Key make_key() {
    Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    check(key != nullptr, "key");
    return key;
}

Certificate make_certificate(
    const std::string& name, const Key& key, base::Time from, base::Time until, X509* issuer
) {
    Certificate made(X509_new(), X509_free);
    X509* certificate = made.get();
    check(certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1, "version");
    check(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), random_number()) == 1, "serial");
    X509_NAME* subject = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
    check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1, "name");
    X509_NAME* issued_by = X509_get_subject_name(issuer ? issuer : certificate);
    check(X509_set_issuer_name(certificate, issued_by) == 1, "issuer");
    check(ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(from)) != nullptr, "begin");
    check(ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(until)) != nullptr, "end");
    check(X509_set_pubkey(certificate, key.get()) == 1, "public key");
    return made;
}

// `value` as OpenSSL's configuration writes it.
void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value), X509_EXTENSION_free
    );
    check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

Certificate make_authority(const Key& key, base::Time now) {
    // A name of its own, so that nobody takes an older one for it.
    const std::string name = fmt::format("krakkend on this machine {:08x}", random_number() & 0xffffffff);
    const Certificate made = make_certificate(name, key, now - backdated, now + authority_life, nullptr);
    X509* certificate = made.get();
    add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign");
    add_extension(certificate, certificate, NID_ext_key_usage, "serverAuth");
    add_extension(certificate, certificate, NID_name_constraints, constraints);
    add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
    check(X509_sign(certificate, key.get(), EVP_sha256()) > 0, "signature");
    return made;
}

base::Time end_of(X509* certificate) {
    std::tm end{};
    check(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1, "end");
    return base::Time(std::chrono::seconds(::timegm(&end)));
}

bool is_good(X509* certificate, base::Time now) {
    const int begun = ASN1_TIME_cmp_time_t(X509_get0_notBefore(certificate), seconds(now));
    return (begun == -1 || begun == 0) && now + least_life <= end_of(certificate);
}

std::string_view text_in(BIO* memory) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    const Bio memory(BIO_new(BIO_s_mem()), BIO_free);
    check(PEM_write_bio_X509(memory.get(), certificate) == 1, "PEM");
    return std::string(text_in(memory.get()));
}

std::span<const unsigned char> bytes_of(std::string_view text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

struct Pair {
    Certificate certificate;
    Key key;
};

// Two null pointers: there is no such pair in it.
Pair read_pair(std::span<const unsigned char> pem) {
    const auto open = [&] {
        return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    };
    // An encrypted key is none of ours, and nobody is asked for its passphrase.
    const auto no_passphrase = [](char*, int, int, void*) { return -1; };
    const Certificate certificate(
        PEM_read_bio_X509(open().get(), nullptr, no_passphrase, nullptr), X509_free
    );
    const Key key(PEM_read_bio_PrivateKey(open().get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
    if (!certificate || !key || X509_check_private_key(certificate.get(), key.get()) != 1) return {};
    return {certificate, key};
}

// Null pointers: there is none yet.
Result<Pair> load(const base::StrictFolder& folder) {
    const auto there = folder.check(authority_name);
    if (!there) return std::unexpected(there.error());
    if (!*there) return Pair{};
    auto bytes = folder.read(authority_name, max_size);
    if (!bytes) return std::unexpected(bytes.error());
    Pair pair = read_pair(*bytes);
    OPENSSL_cleanse(bytes->data(), bytes->size());
    if (pair.certificate) return pair;
    const std::string path = (folder.path() / authority_name).string();
    return std::unexpected(
        protocol::make_error(protocol::ErrorCode::vault, path + " is damaged")
            .with("reason", "unreadable")
            .with_remedy(fmt::format("remove {}: another one is made, of which clients must be told", path))
    );
}

Result<void> save(const base::StrictFolder& folder, const Pair& pair) {
    const Bio memory(BIO_new(BIO_s_secmem()), BIO_free);  // wiped when it is freed
    EVP_PKEY* key = pair.key.get();
    const bool written =
        PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
        PEM_write_bio_X509(memory.get(), pair.certificate.get()) == 1;
    check(written, "PEM");
    const auto is_whole = [](std::span<const unsigned char> bytes) {
        return read_pair(bytes).key != nullptr;
    };
    return folder.replace(authority_name, bytes_of(text_in(memory.get())), is_whole);
}

// Whatever lies in its place: it can be made again.
Result<void> show_to_clients(const base::StrictFolder& folder, const std::string& pem) {
    const auto shown = folder.read(client_name, max_size);
    if (shown && std::ranges::equal(*shown, bytes_of(pem))) return {};
    const auto is_it = [&](std::span<const unsigned char> bytes) {
        return std::ranges::equal(bytes, bytes_of(pem));
    };
    return folder.replace(client_name, bytes_of(pem), is_it);
}

}  // namespace

Result<LocalAuthority> LocalAuthority::open_or_make(const std::filesystem::path& path, base::Time now) {
    const auto folder = base::StrictFolder::open_or_make(path);
    if (!folder) return std::unexpected(folder.error());
    auto pair = load(*folder);
    if (!pair) return std::unexpected(std::move(pair.error()));
    LocalAuthority authority;
    if (!pair->certificate || !is_good(pair->certificate.get(), now)) {
        pair->key = make_key();
        pair->certificate = make_authority(pair->key, now);
        if (auto saved = save(*folder, *pair); !saved) return std::unexpected(std::move(saved.error()));
        authority.is_new_ = true;
    }
    authority.certificate_ = std::move(pair->certificate);
    authority.key_ = std::move(pair->key);
    authority.pem_ = pem_of(authority.certificate_.get());
    authority.file_ = path / client_name;
    if (auto shown = show_to_clients(*folder, authority.pem_); !shown)
        return std::unexpected(std::move(shown.error()));
    return authority;
}

Issued LocalAuthority::issue(const boost::asio::ip::address& address, base::Time now) const {
    X509* issuer = certificate_.get();
    const base::Time from = now - backdated;
    const base::Time until = std::min<base::Time>(now + certificate_life, end_of(issuer));
    const Key key = make_key();
    const Certificate made = make_certificate("localhost", key, from, until, issuer);
    X509* certificate = made.get();
    add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
    add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth");
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
    const std::string own = ",IP:" + address.to_string();
    if (!names.contains(own)) names += own;
    add_extension(certificate, issuer, NID_subject_alt_name, names.c_str());
    check(X509_sign(certificate, key_.get(), EVP_sha256()) > 0, "signature");
    return {made, key, from, until};
}

}  // namespace krakken::net
