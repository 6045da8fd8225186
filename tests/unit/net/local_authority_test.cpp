// net/local_authority: what it signs is trusted by strict clients, for this machine's addresses and nothing
// else.

#include "net/local_authority.hpp"

#include "support/scratch.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

namespace {

using namespace krakken;
using boost::asio::ip::make_address;
using net::LocalAuthority;
using std::chrono::days;
namespace fs = std::filesystem;

const base::Time now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
const auto loopback = make_address("127.0.0.1");

LocalAuthority open(const fs::path& folder, base::Time when = now) {
    auto authority = LocalAuthority::open_or_make(folder, when);
    if (!authority) FAIL(authority.error().message);
    return std::move(*authority);
}

std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

mode_t mode_of(const fs::path& path) {
    struct stat found{};
    REQUIRE(::lstat(path.c_str(), &found) == 0);
    return found.st_mode & 07777;
}

using Certificate = std::shared_ptr<X509>;

template <auto read>
auto read_pem(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free
    );
    return read(memory.get(), nullptr, nullptr, nullptr);
}

Certificate certificate_in(const std::string& pem) {
    Certificate certificate(read_pem<PEM_read_bio_X509>(pem), X509_free);
    REQUIRE(certificate);
    return certificate;
}

// What a client says that trusts the authority in `pem` alone and wants to talk to this name or address;
// empty: nothing.
std::string objection(const std::string& pem, X509* certificate, const std::string& wanted) {
    const Certificate trusted = certificate_in(pem);
    const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
    X509_STORE_add_cert(store.get(), trusted.get());
    const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(
        X509_STORE_CTX_new(), X509_STORE_CTX_free
    );
    X509_STORE_CTX_init(check.get(), store.get(), certificate, nullptr);
    X509_VERIFY_PARAM* wish = X509_STORE_CTX_get0_param(check.get());
    X509_VERIFY_PARAM_set_flags(wish, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_purpose(wish, X509_PURPOSE_SSL_SERVER);
    if (X509_VERIFY_PARAM_set1_ip_asc(wish, wanted.c_str()) != 1)
        X509_VERIFY_PARAM_set1_host(wish, wanted.c_str(), 0);
    if (X509_verify_cert(check.get()) == 1) return "";
    return X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
}

std::string extension(const Certificate& certificate, int kind) {
    const int place = X509_get_ext_by_NID(certificate.get(), kind, -1);
    REQUIRE(place >= 0);
    X509_EXTENSION* found = X509_get_ext(certificate.get(), place);
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
    X509V3_EXT_print(memory.get(), found, 0, 0);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &bytes);
    return (X509_EXTENSION_get_critical(found) ? "critical " : "") +
           std::string(bytes, static_cast<std::size_t>(size));
}

// What somebody who has stolen the authority's key signs with it.
Certificate forged(const fs::path& folder, const std::string& names) {
    const std::string pem = text_of(folder / "authority.pem");
    const std::shared_ptr<EVP_PKEY> key(read_pem<PEM_read_bio_PrivateKey>(pem), EVP_PKEY_free);
    REQUIRE(key);
    const Certificate issuer = certificate_in(pem);
    Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 60);
    X509_set_pubkey(made.get(), key.get());
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get()));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer.get(), made.get(), nullptr, nullptr, 0);
    for (const auto& [kind, value] :
         {std::pair(NID_basic_constraints, std::string("critical,CA:FALSE")),
          std::pair(NID_authority_key_identifier, std::string("keyid:always")),
          std::pair(NID_subject_alt_name, "critical," + names)}) {
        X509_EXTENSION* made_extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
        REQUIRE(made_extension);
        X509_add_ext(made.get(), made_extension, -1);
        X509_EXTENSION_free(made_extension);
    }
    X509_sign(made.get(), key.get(), EVP_sha256());
    return made;
}

}  // namespace

TEST_CASE("local authority: strict clients trust what it signs for this machine") {
    const test::Scratch scratch;
    const LocalAuthority authority = open(scratch.path() / "gateway");
    const auto issued = authority.issue(make_address("127.3.2.1"), now);
    for (const char* wanted : {"localhost", "127.0.0.1", "::1", "127.3.2.1"}) {
        CAPTURE(wanted);
        CHECK(objection(authority.pem(), issued.certificate.get(), wanted).empty());
    }
    CHECK(objection(authority.pem(), issued.certificate.get(), "example.com") == "hostname mismatch");
    CHECK(objection(authority.pem(), issued.certificate.get(), "127.0.0.2") == "IP address mismatch");
    CHECK(X509_check_private_key(issued.certificate.get(), issued.key.get()) == 1);
    const test::Scratch elsewhere;
    const LocalAuthority other = open(elsewhere.path() / "gateway");
    CHECK_FALSE(objection(other.pem(), issued.certificate.get(), "localhost").empty());
}

TEST_CASE("local authority: even its key signs for nothing but this machine") {
    const test::Scratch scratch;
    const fs::path folder = scratch.path() / "gateway";
    const LocalAuthority authority = open(folder);
    CHECK(objection(authority.pem(), forged(folder, "DNS:localhost,IP:127.9.9.9").get(), "127.9.9.9") == "");
    const auto [names, wanted] = GENERATE(table<std::string, std::string>(
        {{"DNS:api.kraken.com", "api.kraken.com"},
         {"DNS:localhost,DNS:localhost.example", "localhost.example"},
         {"IP:192.0.2.1", "192.0.2.1"},
         {"IP:128.0.0.1", "128.0.0.1"},
         {"IP:::2", "::2"}}
    ));
    CAPTURE(names);
    CHECK(objection(authority.pem(), forged(folder, names).get(), wanted) == "permitted subtree violation");
}

TEST_CASE("local authority: it and what it signs are no more than they must be") {
    const test::Scratch scratch;
    const LocalAuthority authority = open(scratch.path() / "gateway");
    const Certificate own = certificate_in(authority.pem());
    CHECK(extension(own, NID_basic_constraints) == "critical CA:TRUE, pathlen:0");
    CHECK(extension(own, NID_key_usage) == "critical Certificate Sign");
    CHECK(extension(own, NID_ext_key_usage) == "TLS Web Server Authentication");
    CHECK(extension(own, NID_name_constraints).starts_with("critical Permitted:"));
    const auto issued = authority.issue(loopback, now);
    CHECK(extension(issued.certificate, NID_basic_constraints) == "critical CA:FALSE");
    CHECK(extension(issued.certificate, NID_key_usage) == "critical Digital Signature");
    CHECK(issued.until - now == days(397));
    CHECK(issued.from < now);
}

TEST_CASE("local authority: it lies in a folder of its own, for its owner alone, and is kept") {
    const test::Scratch scratch;
    const fs::path folder = scratch.path() / "gateway";
    const LocalAuthority made = open(folder);
    CHECK(made.is_new());
    CHECK(made.file() == folder / "ca.pem");
    CHECK(text_of(made.file()) == made.pem());
    CHECK_FALSE(made.pem().contains("PRIVATE KEY"));
    CHECK(mode_of(folder) == 0700);
    CHECK(mode_of(folder / "authority.pem") == 0600);
    CHECK(mode_of(folder / "ca.pem") == 0600);
    const LocalAuthority again = open(folder, now + days(3000));
    CHECK_FALSE(again.is_new());
    CHECK(again.pem() == made.pem());
}

TEST_CASE("local authority: clients' copy is made again, whatever lies there") {
    const test::Scratch scratch;
    const fs::path folder = scratch.path() / "gateway";
    const std::string pem = open(folder).pem();
    const int spoilt = GENERATE(0, 1, 2, 3);
    CAPTURE(spoilt);
    if (spoilt == 0) fs::remove(folder / "ca.pem");
    if (spoilt == 1) std::ofstream(folder / "ca.pem") << "nonsense";
    if (spoilt == 2) ::chmod((folder / "ca.pem").c_str(), 0644);
    if (spoilt == 3) {
        fs::remove(folder / "ca.pem");
        fs::create_symlink("/nonexistent", folder / "ca.pem");
    }
    CHECK_FALSE(open(folder).is_new());
    CHECK(text_of(folder / "ca.pem") == pem);
    CHECK(mode_of(folder / "ca.pem") == 0600);
}

TEST_CASE("local authority: one that ends soon, or has not begun by this clock, is replaced") {
    const test::Scratch scratch;
    const fs::path folder = scratch.path() / "gateway";
    const std::string pem = open(folder).pem();
    CHECK(open(folder, now + days(3650 - 31)).pem() == pem);
    const auto when = GENERATE(now + days(3650 - 29), now + days(5000), now - days(2));
    const LocalAuthority another = open(folder, when);
    CHECK(another.is_new());
    CHECK(another.pem() != pem);
    CHECK(text_of(folder / "ca.pem") == another.pem());
}

TEST_CASE("local authority: nothing that it signs outlives it") {
    const test::Scratch scratch;
    const LocalAuthority authority = open(scratch.path() / "gateway");
    const auto issued = authority.issue(loopback, now + days(3650 - 40));
    CHECK(issued.until <= now + days(3650));
    CHECK(issued.until > now + days(3649));
}

TEST_CASE("local authority: a damaged one is left alone, and the remedy is told") {
    const test::Scratch scratch;
    const fs::path folder = scratch.path() / "gateway";
    const std::string good = (open(folder), text_of(folder / "authority.pem"));
    const test::Scratch elsewhere;
    const std::string other = open(elsewhere.path() / "gateway").pem();
    const std::string key = good.substr(0, good.find("-----BEGIN CERTIFICATE"));
    const std::string bad = GENERATE_COPY(std::string(), good.substr(0, good.size() / 2), key, key + other);
    std::ofstream(folder / "authority.pem") << bad;
    const auto opened = LocalAuthority::open_or_make(folder, now);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message.ends_with("authority.pem is damaged"));
    CHECK(opened.error().remedy.starts_with("remove "));
    CHECK(text_of(folder / "authority.pem") == bad);
}

TEST_CASE("local authority: what others could read or have put there is refused") {
    const test::Scratch scratch;
    const fs::path folder = scratch.path() / "gateway";
    open(folder);
    SECTION("the folder") {
        ::chmod(folder.c_str(), 0755);
    }
    SECTION("the key") {
        ::chmod((folder / "authority.pem").c_str(), 0640);
    }
    SECTION("a link") {
        fs::rename(folder / "authority.pem", folder / "elsewhere.pem");
        fs::create_symlink("elsewhere.pem", folder / "authority.pem");
    }
    const auto opened = LocalAuthority::open_or_make(folder, now);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == protocol::ErrorCode::vault);
    CHECK_FALSE(opened.error().remedy.empty());
}
