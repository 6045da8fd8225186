// API-Sign against every published vector, and the secrets it must not take.

#include "tests/exchange/admission/signature.hpp"

#include <catch2/catch.hpp>

using namespace exchange::front;

namespace {

const std::string official_secret =
    "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";

}  // namespace

TEST_CASE("signature: the published vectors", "[signature]") {
    const auto [secret, path, nonce, body, expected] =
        GENERATE_COPY(table<std::string, std::string, std::string, std::string, std::string>({
            {official_secret,
             "/0/private/AddOrder",
             "1616492376594",
             "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25",
             "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="},
            {encode_base64(std::string(32, '\x01')),
             "/0/private/Balance",
             "1700000000000000000",
             "nonce=1700000000000000000",
             "6i7+cpXVLDDnDOekgsRcgFQhkYFyPDSSxhSVA8OrA6vjziXcy2K1DP3n7f9B/Kgni71WjBSQusZKxduRsdF20Q=="},
            {"cHl0aG9uLWtyYWtlbi1zZGsgdW5pdC10ZXN0IHNlY3JldCB2YWx1ZQ==",
             "/0/private/AddOrder",
             "1616492376594",
             "nonce=1616492376594&ordertype=limit&pair=XBTUSD",
             "Fo+0Uhanvs3F1byZFCjVBMLsCcRE2xLQMDpoA3Q9hawoZ0ZL35AmbknAQBlOIs4baRx9UGhzQH+/CTl9qnyp1w=="},
        }));
    CAPTURE(path, body);
    CHECK(sign(decode_base64(secret).value(), path, nonce, body) == expected);
}

TEST_CASE("signature: JSON bodies, otp, large nonces and encoded fields", "[signature]") {
    const auto [path, nonce, body, expected] = GENERATE(table<
                                                        std::string,
                                                        std::string,
                                                        std::string,
                                                        std::string>({
        {"/0/private/AddOrder",
         "1616492376594",
         R"({"nonce":1616492376594,"ordertype":"limit","pair":"XBTUSD","price":"37500","type":"buy","volume":"1.25"})",
         "kMkTQfyYJH05IdnWQ9TIqL9Kq+dKqcD5O/TGPPLRwwy1is/YvqEYtMAHf7tXsqwfbLwp7pbzJzWHxzKPnL8rfA=="},
        {"/0/private/AddOrderBatch",
         "1616492376594",
         R"({"nonce":"1616492376594","pair":"XBTUSD","orders":[{"ordertype":"limit","type":"buy","volume":"1.2","price":"40000"},{"ordertype":"limit","type":"sell","volume":"1.2","price":"42000"}]})",
         "YAN8kfcGlsL93Zcx6Nj2BRNGSI9JK/MK16VsIJeO8ocAviBW1vb0uCFUSVU4jlNwk+KJj2F+u7cjhiArv6jVqA=="},
        {"/0/private/Balance",
         "1616492376594",
         "nonce=1616492376594",
         "1nH4vwR+8FHiYh1QT649xXkGd3JR3x0DWkgv3u9Ed/Qqv6KPtgQpEU4m+Emb/VgpEji3j1XNwI+HCbfXxmrTOg=="},
        {"/0/private/Balance",
         "1616492376594",
         "nonce=1616492376594&otp=123456",
         "jbyoyzbCFde1u0Rnp3ChMEofg5y4E4qpI247mcYicXoAi4c201b8GKM5LmshBvKP9WVm+UFHd710qkGBE0tRJw=="},
        {"/0/private/Balance",
         "18446744073709551615",
         "nonce=18446744073709551615",
         "Mmsf1qzw7toJw4Lp8saHlSw4td1mqP7TpAUTNmelk9jEFMRFz49ikM52HHDis34t+UpI4Up1hp9Ah5koCgsu7Q=="},
        {"/0/private/AddOrder",
         "1616492376594",
         "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25&expiretm=%2B60&"
         "timeinforce=GTD&close%5Bordertype%5D=stop-loss-limit&close%5Bprice%5D=36000&close%5Bprice2%5D="
         "35900",
         "h8INl7cGOKVRWkDb0jG7qrwFW/3AVcJYLQXCnm5/NhxQ3VL7IG6cAScSk/dikBLDe+sGZW7SgdygJ81wqaB6jQ=="},
    }));
    CAPTURE(path, body);
    CHECK(sign(decode_base64(official_secret).value(), path, nonce, body) == expected);
}

TEST_CASE("signature: a secret is standard base64 with padding and nothing else", "[signature]") {
    CHECK(decode_base64("AQID") == "\x01\x02\x03");
    CHECK(decode_base64("AQ==") == "\x01");
    const std::string wrong =
        GENERATE("", "AQI", "AQI=\n", " AQID", "AQ-_", "A===", "====", "AR==", "not base64 at all!");
    CAPTURE(wrong);
    CHECK_FALSE(decode_base64(wrong));
}
