#include "tests/exchange/front/certificate.hpp"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace exchange::front {

namespace {

template <auto free>
struct Free {
    void operator()(auto* pointer) const { free(pointer); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using X509Pointer = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

constexpr long day = 24 * 60 * 60;

void check(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

std::string text_of(const Bio& bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

Bio bio_of(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate to_pem(const X509Pointer& certificate, const Key& key) {
    const Bio certificate_bio(BIO_new(BIO_s_mem()));
    const Bio key_bio(BIO_new(BIO_s_mem()));
    check(PEM_write_bio_X509(certificate_bio.get(), certificate.get()) == 1, "write certificate");
    check(
        PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "write key"
    );
    return {text_of(certificate_bio), text_of(key_bio)};
}

void set_serial(X509* certificate) {
    std::array<unsigned char, 8> bytes{};
    check(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "random bytes");
    std::uint64_t serial = 0;
    for (const unsigned char byte : bytes)
        serial = serial << 8 | byte;
    check(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1, "serial");
}

void set_name(X509* certificate, const char* name) {
    X509_NAME* subject = X509_get_subject_name(certificate);
    const auto* bytes = reinterpret_cast<const unsigned char*>(name);
    check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, bytes, -1, -1, 0) == 1, "name");
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    check(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

X509Pointer new_certificate(const Key& key, const char* name, long from, long until) {
    X509Pointer certificate(X509_new());
    check(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "certificate");
    set_serial(certificate.get());
    set_name(certificate.get(), name);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), until);
    check(X509_set_pubkey(certificate.get(), key.get()) == 1, "public key");
    return certificate;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& path, const std::string& text, mode_t mode) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) throw std::runtime_error("cannot create " + path.string());
    const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(file);
    if (!written) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

Certificate make_authority() {
    const Key key(EVP_EC_gen("P-256"));
    check(key != nullptr, "key");
    const X509Pointer certificate = new_certificate(key, "krakken-exchange throw-away CA", -day, 3650 * day);
    X509* raw = certificate.get();
    check(X509_set_issuer_name(raw, X509_get_subject_name(raw)) == 1, "issuer");
    add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(raw, raw, NID_subject_key_identifier, "hash");
    check(X509_sign(raw, key.get(), EVP_sha256()) > 0, "sign");
    return to_pem(certificate, key);
}

Certificate issue(const Certificate& authority, Flaw flaw) {
    const X509Pointer issuer(PEM_read_bio_X509(bio_of(authority.certificate).get(), nullptr, nullptr, nullptr)
    );
    const Key issuer_key(PEM_read_bio_PrivateKey(bio_of(authority.key).get(), nullptr, nullptr, nullptr));
    check(issuer != nullptr && issuer_key != nullptr, "read the authority");
    const Key key(EVP_EC_gen("P-256"));
    check(key != nullptr, "key");
    const bool expired = flaw == Flaw::expired;
    const X509Pointer certificate =
        new_certificate(key, "localhost", expired ? -3 * day : -day, expired ? -2 * day : 3650 * day);
    X509* raw = certificate.get();
    check(X509_set_issuer_name(raw, X509_get_subject_name(issuer.get())) == 1, "issuer");
    add_extension(raw, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(raw, issuer.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(raw, issuer.get(), NID_ext_key_usage, "serverAuth");
    add_extension(raw, issuer.get(), NID_subject_key_identifier, "hash");
    add_extension(raw, issuer.get(), NID_authority_key_identifier, "keyid:always");
    add_extension(
        raw,
        issuer.get(),
        NID_subject_alt_name,
        flaw == Flaw::wrong_name ? "DNS:elsewhere.invalid" : "DNS:localhost,IP:127.0.0.1,IP:::1"
    );
    check(X509_sign(raw, issuer_key.get(), EVP_sha256()) > 0, "sign");
    return to_pem(certificate, key);
}

TlsFiles open_tls_folder(const std::filesystem::path& folder) {
    constexpr std::array<const char*, 4> names{"ca.pem", "ca.key", "server.pem", "server.key"};
    std::size_t present = 0;
    for (const char* name : names)
        present += std::filesystem::exists(folder / name) ? 1 : 0;
    if (present != 0 && present != names.size()) {
        throw std::runtime_error(
            folder.string() + " has only some of ca.pem, ca.key, server.pem, server.key"
        );
    }
    if (present == 0) {
        std::filesystem::create_directories(folder);
        const Certificate authority = make_authority();
        const Certificate server = issue(authority, Flaw::none);
        write_file(folder / "ca.key", authority.key, 0600);
        write_file(folder / "ca.pem", authority.certificate, 0644);
        write_file(folder / "server.key", server.key, 0600);
        write_file(folder / "server.pem", server.certificate, 0644);
    }
    return {
        .ca_file = std::filesystem::absolute(folder / "ca.pem"),
        .authority = {read_file(folder / "ca.pem"), read_file(folder / "ca.key")},
        .server = {read_file(folder / "server.pem"), read_file(folder / "server.key")},
    };
}

}  // namespace exchange::front
