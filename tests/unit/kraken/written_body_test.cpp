// kraken/written_body: what a client signed stays as it is, but for the nonce and what is set.

#include "kraken/written_body.hpp"
#include "kraken/parameters.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace {

using namespace krakken::kraken;
using krakken::base::BodyForm;
using krakken::base::Nonce;
using krakken::protocol::ErrorCode;

BodyForm form_of(const std::string& body) {
    return body.starts_with('{') ? BodyForm::json : BodyForm::form;
}

WrittenBody::Read read_all(const std::string& body) {
    auto written = WrittenBody::read(body, form_of(body));
    REQUIRE(written);
    return std::move(*written);
}

WrittenBody read(const std::string& body) {
    return read_all(body).body;
}

ErrorCode refused(const std::string& body, BodyForm form) {
    const auto written = WrittenBody::read(body, form);
    REQUIRE_FALSE(written);
    return written.error().code;
}

}  // namespace

TEST_CASE("written body: the nonce is replaced in its place, and nothing else") {
    struct Case {
        std::string before;
        std::string behind;
    };
    const auto [before, behind] = GENERATE(
        as<Case>(),
        Case{"nonce=", ""},
        Case{"nonce=", "&pair=XBTUSD&price=%2B5%25&close%5Bprice%5D=1.10000000"},
        Case{"timeout=60&nonce=", ""},
        Case{"a=x+y&nonce=", "&b=%7e%7E&c="},
        Case{"&&nonce=", "&"},
        Case{R"({"nonce":")", R"("})"},
        Case{R"({"nonce":)", R"(})"},
        Case{R"({ "pair" : "XBT\/USD", "nonce" : ")", R"(" , "orders":[{"volume":1.10000000}]})"}
    );
    const WrittenBody body = read(before + "17" + behind);
    CHECK(body.with_nonce(Nonce(1616492376594)) == before + "1616492376594" + behind);
    CHECK(body.with_nonce(Nonce(17)) == before + "17" + behind);
}

TEST_CASE("written body: fields are read as Kraken reads them") {
    const auto fields = read_all("pair=XBT%2FUSD&nonce=1&price=%2B5%25&note=a+b%2bc&empty=").fields;
    REQUIRE(fields.size() == 4);
    CHECK(fields[0].name == "pair");
    CHECK(plain_text(fields[0].raw) == "XBT/USD");
    CHECK(plain_text(fields[1].raw) == "+5%");
    CHECK(plain_text(fields[2].raw) == "a b+c");
    CHECK(plain_text(fields[3].raw).empty());
    const auto members = read_all(R"({"volume":1.10000000,"nonce":5,"p\u0061ir":"XBTUSD"})").fields;
    REQUIRE(members.size() == 2);
    CHECK(members[0].raw == "1.10000000");
    CHECK(members[1].name == "pair");
}

TEST_CASE("written body: where the client gave no nonce one is added") {
    CHECK(read("").with_nonce(Nonce(7)) == "nonce=7");
    CHECK(read("pair=XBTUSD").with_nonce(Nonce(7)) == "nonce=7&pair=XBTUSD");
    CHECK(read("{}").with_nonce(Nonce(7)) == R"({"nonce":"7"})");
    CHECK(read(R"({ "a":1})").with_nonce(Nonce(7)) == R"({"nonce":"7", "a":1})");
}

TEST_CASE("written body: what is set comes behind the others, or in the place of the old value") {
    WrittenBody form = read("validate=false&pair=XBTUSD&nonce=17");
    form.set("userref", "5");
    form.set("validate", "true");
    form.set("userref", R"("+6")");
    CHECK(form.with_nonce(Nonce(100)) == "validate=true&pair=XBTUSD&nonce=100&userref=%2B6");
    WrittenBody json = read("{\"validate\":\"no\", \"nonce\":\"17\" }\n");
    json.set("deadline", R"("2026-01-01T00:00:00Z")");
    json.set("validate", "true");
    json.set("deadline", R"("x")");
    CHECK(json.with_nonce(Nonce(100)) == R"({"validate":true, "nonce":"100" ,"deadline":"x"})");
}

TEST_CASE("written body: names that differ are taken, however many there are") {
    std::string body = "nonce=1";
    for (int i = 0; i < 50'000; ++i)
        body += "&a" + std::to_string(i) + "=";
    CHECK(read_all(body).fields.size() == 50'000);
    CHECK(refused(body + "&a7=", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(read_all("nonce=1&close[price]=1&close[price2]=2&close-a=3&closeb=4").fields.size() == 4);
}

TEST_CASE("written body: a query is read like a form, and has no nonce") {
    const auto query = Parameters::of_query("pair=XBT%2FUSD&count=2");
    REQUIRE(query);
    CHECK(*query->query() == "?pair=XBT%2FUSD&count=2");
    CHECK(Parameters::of_query("")->fields().empty());
    CHECK(Parameters::of_query("nonce=1").error().code == ErrorCode::invalid_params);
    CHECK(Parameters::of_query("a=1&a=2").error().code == ErrorCode::invalid_params);
}

TEST_CASE("written body: as parameters it goes out as it came") {
    auto parameters = Parameters::of_body("b=2&nonce=17&a=1", BodyForm::form);
    REQUIRE(parameters);
    parameters->set("c", "3");
    CHECK(parameters->body(Nonce(18)) == "b=2&nonce=18&a=1&c=3");
    CHECK(parameters->fields().size() == 3);
    REQUIRE(parameters->find("a"));
    CHECK(*parameters->find("a") == R"("1")");
    CHECK(parameters->form() == BodyForm::form);
}

TEST_CASE("written body: what two readers could read in two ways is refused") {
    CHECK(refused("nonce=1&a=1&a=2", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&%61=1&a=2", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&nonce=2", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&a", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&=a", BodyForm::form) == ErrorCode::invalid_params);
    for (const std::string name :
         {"+nonce", "nonce%00", "nonce[]", "nonce[a]", "otp[]", "%00", "%5Ba%5D", "+"})
        CHECK(refused("nonce=1&" + name + "=5", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&a.b=1&a_b=2", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&a=1&%09a=2", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&a[]=1&a=2", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&a=2&b=1&a[x][y]=1", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&a[x]=2&a[x]=1", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&a=1;b=2", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&a=1 2", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1\r\n", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused(R"({"nonce":1," a":1,"a":2})", BodyForm::json) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&a=%4", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&a=%ff", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1&otp=123456", BodyForm::form) == ErrorCode::invalid_params);
    CHECK(refused(R"({"nonce":1,"a":{"b":1,"b":2}})", BodyForm::json) == ErrorCode::invalid_params);
    CHECK(refused(R"({"nonce":1,"\u006eonce":2})", BodyForm::json) == ErrorCode::invalid_params);
    CHECK(refused(R"({"nonce":1,"a":null})", BodyForm::json) == ErrorCode::invalid_params);
    CHECK(refused(R"({"nonce":1,"otp":"1"})", BodyForm::json) == ErrorCode::invalid_params);
    CHECK(refused("[]", BodyForm::json) == ErrorCode::invalid_params);
    CHECK(refused("", BodyForm::json) == ErrorCode::invalid_params);
    CHECK(refused("nonce=1", BodyForm::json) == ErrorCode::invalid_params);
}

TEST_CASE("written body: a nonce that is no number of 64 bits is refused as one") {
    for (const std::string nonce :
         {"", "x", "-1", "1.5", "1e3", "+1", "%31", "18446744073709551616", "000000000000000000017"}) {
        CHECK(refused("nonce=" + nonce, BodyForm::form) == ErrorCode::nonce);
        CHECK(refused(R"({"nonce":")" + nonce + R"("})", BodyForm::json) == ErrorCode::nonce);
    }
    CHECK(refused(R"({"nonce":" 1"})", BodyForm::json) == ErrorCode::nonce);
    CHECK(refused(R"({"nonce":"\u0031"})", BodyForm::json) == ErrorCode::nonce);
    CHECK(refused(R"({"nonce":true})", BodyForm::json) == ErrorCode::nonce);
    CHECK(read("nonce=18446744073709551615").with_nonce(Nonce(5)) == "nonce=5");
}
