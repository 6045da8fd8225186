// The audit as a person reads it.

#include <catch2/catch.hpp>
#include <sstream>

#include "client/ctl/audit_view.hpp"
#include "client/ctl/table.hpp"

namespace {

using namespace krakken::ctl;

constexpr std::string_view order =
    R"({"row":12,"time":"2026-11-20T22:41:35.123Z","uid":1000,"pid":4242,"program":"python3.11","what":"AddOrder",)"
    R"("account":"master","key":"3f9c21aa","nonce":"1700000000000001","call_id":"0a1b2c3d-7",)"
    R"("ids":["OU22CG-KLAF2-FWUDD7","OU22CG-KLAF2-FWUDD8"],"outcome":"placed","hash":"ab"})";
constexpr std::string_view unlock =
    R"({"row":199999,"time":"2026-11-20T22:41:36.000Z","uid":0,"pid":7,"what":"unlock","outcome":"passphrase"})";
constexpr std::string_view longest =
    R"({"row":1234567,"time":"2026-11-20T22:41:36.000Z","uid":4294967295,"pid":7,"program":"a-program-with-a-name",)"
    R"("what":"vault.change_passphrase","account":"an-account-with-a-name","outcome":"network/unknown",)"
    R"("ids":["FTQcuak-V6Za8qrWnhzTx67yYHz8Tg","FTQcuak-V6Za8qrWnhzTx67yYHz8Tg","FTQcuak-V6Za8qrWnhzTx67yYHz8Tg"]})";

}  // namespace

TEST_CASE("the audit is a table whose columns keep their places") {
    CHECK(audit_title() == "   ROW  TIME (UTC)           WHO              WHAT          ACCOUNT   OUTCOME\n");
    CHECK(
        audit_lines({order}) ==
        "    12  2026-11-20 22:41:35  1000 python3.11  AddOrder      master    placed\n"
        "        > OU22CG-KLAF2-FWUDD7, OU22CG-KLAF2-FWUDD8\n"
    );
    CHECK(
        audit_lines({unlock}) ==
        "199999  2026-11-20 22:41:36  0 pid 7          unlock                  passphrase\n"
    );
    CHECK(audit_lines({order, unlock}) == audit_lines({order}) + audit_lines({unlock}));
    CHECK(audit_lines({}).empty());
}

TEST_CASE("80 columns are enough for the audit") {
    std::istringstream lines(audit_title() + audit_lines({longest, order, unlock}));
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        CAPTURE(line);
        CHECK(display_width(line) <= 80);
    }
    CHECK(count == 7);
}

TEST_CASE("an audit's verdict says where it is broken") {
    CHECK(
        readable_verdict(
            R"({"rows":12,"first":1,"last":12,"hash":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","ok":true})"
        ) ==
        "The audit is whole: 12 rows, 1 to 12, each following from the one before. The\n"
        "last one's hash:\n"
        "  0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
    );
    CHECK(
        readable_verdict(R"({"rows":0,"first":0,"last":0,"hash":"00","ok":true})") ==
        "The audit has no rows yet.\n"
    );
    const std::string broken =
        readable_verdict(R"({"rows":2,"first":1,"last":12,"hash":"00","ok":false,"broken_at":3})");
    CHECK(broken.starts_with("The audit is BROKEN at row 3: "));
}
