#include "net/endpoint.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

using namespace krakken::net;

TEST_CASE("endpoint: a base URL names host, port and Host header", "[net]") {
    const auto [url, host, port, is_address, authority] =
        GENERATE(table<std::string, std::string, std::string, bool, std::string>({
            {"https://api.kraken.com", "api.kraken.com", "443", false, "api.kraken.com"},
            {"https://api.kraken.com:443", "api.kraken.com", "443", false, "api.kraken.com"},
            {"https://localhost:8443", "localhost", "8443", false, "localhost:8443"},
            {"https://127.0.0.1:1", "127.0.0.1", "1", true, "127.0.0.1:1"},
            {"https://[::1]", "::1", "443", true, "[::1]"},
            {"https://[::1]:65535", "::1", "65535", true, "[::1]:65535"},
        }));
    CAPTURE(url);
    const Endpoint endpoint = parse_base_url(url);
    CHECK(endpoint.host == host);
    CHECK(endpoint.port == port);
    CHECK(endpoint.is_address == is_address);
    CHECK(endpoint.authority == authority);
}

TEST_CASE("endpoint: everything else is refused with a sentence", "[net]") {
    const std::string url = GENERATE(
        "",
        "api.kraken.com",
        "http://api.kraken.com",
        "HTTPS://api.kraken.com",
        "https://",
        "https://:443",
        "https://api.kraken.com/",
        "https://api.kraken.com/0",
        "https://api.kraken.com?x",
        "https://api.kraken.com#x",
        "https://user@api.kraken.com",
        "https://user:pass@api.kraken.com",
        "https://api.kraken.com:",
        "https://api.kraken.com:0",
        "https://api.kraken.com:65536",
        "https://api.kraken.com:44x",
        "https://api.kraken.com:-1",
        "https://api.kraken.com:443:443",
        "https://api kraken.com",
        "https://api.kraken.com\r\nX: y",
        "https://::1",
        "https://[::1",
        "https://[::1]x",
        "https://[]",
        "https://[api.kraken.com]",
        "https://[fe80::1%eth0]"
    );
    CAPTURE(url);
    CHECK_THROWS_AS(parse_base_url(url), std::runtime_error);
}

TEST_CASE("endpoint: a password in the URL is not repeated in the error", "[net]") {
    try {
        parse_base_url("https://user:hunter2@api.kraken.com");
        FAIL("accepted");
    } catch (const std::runtime_error& error) {
        CHECK_THAT(error.what(), !Catch::Contains("hunter2"));
    }
}
