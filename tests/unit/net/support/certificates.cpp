#include "certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace krakken::net::test {

namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

Key make_key() {
    return {EVP_EC_gen("P-256"), EVP_PKEY_free};
}

void add_extension(X509* certificate, X509* issuer, int name, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, name, value.c_str());
    if (extension == nullptr) throw std::runtime_error("extension: " + value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Certificate make_certificate(
    const Key& key,
    const std::string& subject,
    const CertificateWish& wish,
    X509* issuer,
    const Key& issuer_key
) {
    static long serial = 0;
    Certificate made(X509_new(), X509_free);
    X509* certificate = made.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), wish.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), wish.valid_until);
    X509_set_pubkey(certificate, key.get());
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>(subject.c_str());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0);
    X509* signer = issuer == nullptr ? certificate : issuer;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    add_extension(
        certificate, signer, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE"
    );
    if (!wish.alternative_name.empty()) {
        add_extension(certificate, signer, NID_subject_alt_name, wish.alternative_name);
    }
    X509_sign(certificate, issuer_key.get(), EVP_sha256());
    return made;
}

std::string pem(auto write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
    write(memory.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::string certificate_pem(X509* certificate) {
    return pem([&](BIO* to) { PEM_write_bio_X509(to, certificate); });
}

Identity identity(const Certificate& certificate, const Key& key) {
    Identity made;
    made.certificate_pem = certificate_pem(certificate.get());
    made.key_pem =
        pem([&](BIO* to) { PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    return made;
}

}  // namespace

Authority::Authority() : key_(make_key()) {
    CertificateWish wish;
    wish.alternative_name.clear();
    certificate_ = make_certificate(key_, "test authority", wish, nullptr, key_);
    std::string name = (std::filesystem::temp_directory_path() / "krakken-ca-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0) throw std::runtime_error("mkstemp failed");
    ::close(descriptor);
    file_ = name;
    std::ofstream(file_) << certificate_pem(certificate_.get());
}

Authority::~Authority() {
    std::filesystem::remove(file_);
}

Identity Authority::issue(const CertificateWish& wish) const {
    const Key key = make_key();
    return identity(make_certificate(key, "server", wish, certificate_.get(), key_), key);
}

Identity Authority::self_signed(const CertificateWish& wish) {
    const Key key = make_key();
    return identity(make_certificate(key, "self-signed", wish, nullptr, key), key);
}

}  // namespace krakken::net::test
