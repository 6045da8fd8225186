// API-Sign against every published vector and the ones computed from the published formula.

#include "keeper/signature.hpp"
#include "support.hpp"

#include <sodium.h>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

using krakken::keeper::api_sign;
using krakken::keeper::test::example_secret;

namespace {

std::vector<unsigned char> decoded(std::string_view base64) {
    std::vector<unsigned char> bytes(base64.size());
    std::size_t length = 0;
    REQUIRE(
        sodium_base642bin(
            bytes.data(),
            bytes.size(),
            base64.data(),
            base64.size(),
            nullptr,
            &length,
            nullptr,
            sodium_base64_VARIANT_ORIGINAL
        ) == 0
    );
    bytes.resize(length);
    return bytes;
}

struct Vector {
    std::string secret, path, nonce, body, signature;
};

const std::string example(example_secret);

const std::vector<Vector> published = {
    // Kraken, "Spot REST authentication"
    {example,
     "/0/private/AddOrder",
     "1616492376594",
     "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25",
     "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="},
    // Kraken's Rust SDK: 32 bytes of 0x01
    {"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
     "/0/private/Balance",
     "1700000000000000000",
     "nonce=1700000000000000000",
     "6i7+cpXVLDDnDOekgsRcgFQhkYFyPDSSxhSVA8OrA6vjziXcy2K1DP3n7f9B/Kgni71WjBSQusZKxduRsdF20Q=="},
    // python-kraken-sdk
    {"cHl0aG9uLWtyYWtlbi1zZGsgdW5pdC10ZXN0IHNlY3JldCB2YWx1ZQ==",
     "/0/private/AddOrder",
     "1616492376594",
     "nonce=1616492376594&ordertype=limit&pair=XBTUSD",
     "Fo+0Uhanvs3F1byZFCjVBMLsCcRE2xLQMDpoA3Q9hawoZ0ZL35AmbknAQBlOIs4baRx9UGhzQH+/CTl9qnyp1w=="},
};

const std::vector<Vector> computed = {
    {example,
     "/0/private/AddOrder",
     "1616492376594",
     R"({"nonce":1616492376594,"ordertype":"limit","pair":"XBTUSD","price":"37500","type":"buy","volume":"1.25"})",
     "kMkTQfyYJH05IdnWQ9TIqL9Kq+dKqcD5O/TGPPLRwwy1is/YvqEYtMAHf7tXsqwfbLwp7pbzJzWHxzKPnL8rfA=="},
    {example,
     "/0/private/AddOrderBatch",
     "1616492376594",
     R"({"nonce":"1616492376594","pair":"XBTUSD","orders":[{"ordertype":"limit","type":"buy","volume":"1.2","price":"40000"},{"ordertype":"limit","type":"sell","volume":"1.2","price":"42000"}]})",
     "YAN8kfcGlsL93Zcx6Nj2BRNGSI9JK/MK16VsIJeO8ocAviBW1vb0uCFUSVU4jlNwk+KJj2F+u7cjhiArv6jVqA=="},
    {example,
     "/0/private/Balance",
     "1616492376594",
     "nonce=1616492376594",
     "1nH4vwR+8FHiYh1QT649xXkGd3JR3x0DWkgv3u9Ed/Qqv6KPtgQpEU4m+Emb/VgpEji3j1XNwI+HCbfXxmrTOg=="},
    {example,
     "/0/private/Balance",
     "1616492376594",
     "nonce=1616492376594&otp=123456",
     "jbyoyzbCFde1u0Rnp3ChMEofg5y4E4qpI247mcYicXoAi4c201b8GKM5LmshBvKP9WVm+UFHd710qkGBE0tRJw=="},
    {example,
     "/0/private/Balance",
     "18446744073709551615",
     "nonce=18446744073709551615",
     "Mmsf1qzw7toJw4Lp8saHlSw4td1mqP7TpAUTNmelk9jEFMRFz49ikM52HHDis34t+UpI4Up1hp9Ah5koCgsu7Q=="},
    {example,
     "/0/private/AddOrder",
     "1616492376594",
     "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25&expiretm=%2B60&"
     "timeinforce=GTD&close%5Bordertype%5D=stop-loss-limit&close%5Bprice%5D=36000&close%5Bprice2%5D=35900",
     "h8INl7cGOKVRWkDb0jG7qrwFW/3AVcJYLQXCnm5/NhxQ3VL7IG6cAScSk/dikBLDe+sGZW7SgdygJ81wqaB6jQ=="},
};

void check(const std::vector<Vector>& vectors) {
    for (const Vector& vector : vectors) {
        CAPTURE(vector.path, vector.body);
        CHECK(api_sign(decoded(vector.secret), vector.path, vector.nonce, vector.body) == vector.signature);
    }
}

}  // namespace

TEST_CASE("the published signatures are reproduced", "[signature]") {
    check(published);
}

TEST_CASE(
    "JSON bodies, one-time passwords and the largest nonce are signed as the formula says", "[signature]"
) {
    check(computed);
}
