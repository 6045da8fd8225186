// kraken/made_ids: what came of a call, by Kraken's own ids, from results as Kraken documents them.

#include "kraken/made_ids.hpp"

#include <catch2/catch.hpp>

TEST_CASE("the ids of what a call has made") {
    const auto [result, ids] = GENERATE(table<std::string, std::string>({
        {R"({"descr":{"order":"buy 1 XBTUSD @ market"},"txid":["OU22CG-KLAF2-FWUDD7"]})",
         "OU22CG-KLAF2-FWUDD7"},
        {R"({"txid":["OU22CG-KLAF2-FWUDD7","OU22CG-KLAF2-FWUDD8"]})",
         "OU22CG-KLAF2-FWUDD7,OU22CG-KLAF2-FWUDD8"},
        {R"({"orders":[{"txid":"O5OR23-ADFAD-Y2G61C","descr":{}},{"error":"EOrder:Insufficient funds"},)"
         R"({"txid":"O5OR23-ADFAD-Y2G61D"}]})",
         "O5OR23-ADFAD-Y2G61C,O5OR23-ADFAD-Y2G61D"},
        {R"({"amend_id":"TEZA4R-DSDGT-IJBOJK"})", "TEZA4R-DSDGT-IJBOJK"},
        {R"({"status":"ok","txid":"OFVXHJ-KPQ3B-VS7ELA","originaltxid":"OHYO67-6LP66-HMQ437"})",
         "OFVXHJ-KPQ3B-VS7ELA"},
        {R"({"refid":"FTQcuak-V6Za8qrWnhzTx67yYHz8Tg"})", "FTQcuak-V6Za8qrWnhzTx67yYHz8Tg"},
        {R"({"count":1})", ""},
        {R"({"descr":{"order":"buy"}})", ""},
        {"true", ""},
        {"[]", ""},
        {"{", ""},
        {"", ""},
    }));
    CHECK(krakken::kraken::made_ids(result) == ids);
}

TEST_CASE("what is no id is left out") {
    const auto result = GENERATE(
        as<std::string>(),
        R"({"txid":""})",
        R"({"txid":17})",
        R"({"txid":null})",
        R"({"txid":[["O"],{"txid":"O"},17]})",
        R"({"txid":"O\u000aevent=x"})",
        R"({"txid":"O,P"})",
        R"({"orders":"O"})",
        R"({"orders":["O"]})",
        R"({"refid":"kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="})",
        R"({"refid":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})"
    );
    CHECK(krakken::kraken::made_ids(result).empty());
}
