// What doctor makes of answers and of files, and how it shows that.

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "client/ctl/doctor_judgement.hpp"
#include "client/ctl/doctor_local.hpp"
#include "client/ctl/table.hpp"
#include "support/scratch.hpp"

namespace {

using namespace krakken;
using namespace krakken::ctl;
using Catch::Contains;
using krakken::test::Scratch;
namespace fs = std::filesystem;

std::string clock_of(const std::string& offset) {
    return R"({"upstream":{"clock_offset_ms":)" + offset + "}}";
}

std::string one_account(const std::string& members) {
    return R"({"state":"unlocked","accounts":[{"name":"bot1",)" + members + "}]}";
}

std::string listed(bool validated) {
    return std::string(R"([{"name":"bot1","keys":[{"key":"1","validated":)") +
           (validated ? "true" : "false") + "}]}]";
}

Finding only(const Findings& findings) {
    REQUIRE(findings.size() == 1);
    return findings.front();
}

void bind_socket(const fs::path& path, mode_t mode) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(chmod(path.c_str(), mode) == 0);
    close(socket);
}

}  // namespace

TEST_CASE("the clock") {
    CHECK(judge_clock(clock_of("-4999")).verdict == Verdict::ok);
    CHECK(judge_clock(clock_of("12")).detail == "12 ms behind Kraken's");
    const Finding off = judge_clock(clock_of("-7000"));
    CHECK(off.verdict == Verdict::warn);
    CHECK(off.detail == "7 s ahead of Kraken's");
    CHECK_FALSE(off.remedy.empty());
    CHECK_THAT(judge_clock(clock_of("61000")).detail, Contains("goes by Kraken's clock"));
    CHECK(judge_clock("{}").verdict == Verdict::ok);
}

TEST_CASE("vault and version") {
    const auto vault = [](const std::string& state, bool exists) {
        return judge_vault(
            R"({"state":")" + state + R"(","vault":{"path":"/v","exists":)" + (exists ? "true" : "false") +
            "}}"
        );
    };
    CHECK(vault("unlocked", true).verdict == Verdict::ok);
    CHECK_THAT(vault("unlocked", false).detail, Contains("environment"));
    CHECK(vault("locked", true).remedy == "run: krakkenctl unlock");
    CHECK(vault("uninitialized", false).remedy == "run: krakkenctl setup");
    CHECK(judge_version(R"({"version":"1.2"})", "1.2").verdict == Verdict::ok);
    CHECK(judge_version(R"({"version":"1.2"})", "1.3").verdict == Verdict::warn);
}

TEST_CASE("protections") {
    CHECK(judge_protection(R"({"protection":{"no_core":true}})").verdict == Verdict::ok);
    const Finding missing = judge_protection(R"({"protection":{"no_core":true,"memory_locked":false}})");
    CHECK(missing.verdict == Verdict::warn);
    CHECK(missing.detail == "not in force: memory_locked");
    CHECK_THAT(missing.remedy, Contains("LimitMEMLOCK"));
}

TEST_CASE("Kraken") {
    CHECK(judge_kraken(R"({"status":"online"})").verdict == Verdict::ok);
    CHECK(judge_kraken(R"({"status":"cancel_only"})").verdict == Verdict::warn);
    const Finding gone = judge_kraken(std::unexpected(
        client::make_failure(client::FailureKind::refused, "no way there", "look at the cable")
    ));
    CHECK(gone.verdict == Verdict::fail);
    CHECK(gone.detail == "no way there");
    CHECK(gone.remedy == "look at the cable");
}

TEST_CASE("accounts") {
    const std::string ready = one_account(R"("source":"vault","state":"ready")");
    CHECK(only(judge_accounts(ready, listed(true))).verdict == Verdict::ok);
    const Finding unseen = only(judge_accounts(ready, listed(false)));
    CHECK(unseen.verdict == Verdict::warn);
    CHECK(unseen.remedy == "run: krakkenctl account validate bot1");
    const Finding refused = only(judge_accounts(
        one_account(
            R"("source":"vault","state":"auth_failed","last_error":"EAPI:Invalid key","remedy":"a new key")"
        ),
        listed(true)
    ));
    CHECK(refused.verdict == Verdict::fail);
    CHECK(refused.detail == "auth_failed: EAPI:Invalid key");
    CHECK(refused.remedy == "a new key");
    const Finding environment = only(judge_accounts(
        one_account(R"("source":"environment","state":"ready","hides_vault_entry":true)"), listed(false)
    ));
    CHECK(environment.verdict == Verdict::ok);
    CHECK_THAT(environment.detail, Contains("environment") && Contains("hides"));
    CHECK(
        only(judge_accounts(R"({"state":"unlocked","accounts":[]})", "[]")).remedy == "run: krakkenctl setup"
    );
    CHECK(judge_accounts(R"({"state":"locked","accounts":[]})", "[]").empty());
}

TEST_CASE("keys and nonces") {
    const Findings key =
        judge_key("bot1", R"({"permissions":["query-funds"],"warnings":["the key may withdraw"]})");
    REQUIRE(key.size() == 2);
    CHECK(key[0].verdict == Verdict::ok);
    CHECK_THAT(key[0].detail, Contains("query-funds"));
    CHECK(key[1].verdict == Verdict::warn);
    CHECK(key[1].detail == "the key may withdraw");
    const auto nonce = [](const std::string& lead) {
        return only(judge_nonces(R"([{"account":"bot1","unit":"us","last":"17","lead_ms":)" + lead + "}]"));
    };
    CHECK(nonce("10000").verdict == Verdict::ok);
    CHECK(nonce("-5").verdict == Verdict::ok);
    CHECK(nonce("60001").verdict == Verdict::warn);
    CHECK(only(judge_nonces(R"([{"account":"bot1"}])")).verdict == Verdict::ok);
}

TEST_CASE("sockets with the right owner and modes, and without") {
    const Scratch folder;
    bind_socket(folder.path() / "krakkend.sock", 0660);
    bind_socket(folder.path() / "admin.sock", 0600);
    CHECK(only(check_sockets(folder.path(), geteuid())).verdict == Verdict::ok);

    REQUIRE(chmod((folder.path() / "admin.sock").c_str(), 0660) == 0);
    CHECK_THAT(only(check_sockets(folder.path(), geteuid())).detail, Contains("admin.sock has mode 0660"));
    REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
    const Findings both = check_sockets(folder.path(), geteuid());
    REQUIRE(both.size() == 2);
    CHECK(both[0].remedy == "run: chmod 0700 " + folder.path().string());
    CHECK(check_sockets(folder.path(), geteuid() + 1).size() == 3);

    fs::remove(folder.path() / "krakkend.sock");
    std::ofstream(folder.path() / "krakkend.sock") << "x";
    CHECK_THAT(check_sockets(folder.path(), geteuid())[1].detail, Contains("is no socket"));
}

TEST_CASE("config.toml") {
    const Scratch folder;
    const fs::path path = folder.path() / "config.toml";
    constexpr auto profile = R"({"region":"DE","capabilities":{"supports_margin":false}})";
    CHECK(check_config(path, geteuid(), profile).verdict == Verdict::ok);
    std::ofstream(path) << "region = \"DE\"\n";
    REQUIRE(chmod(path.c_str(), 0600) == 0);
    CHECK(check_config(path, geteuid(), profile).verdict == Verdict::ok);
    CHECK(check_config(path, geteuid(), {}).verdict == Verdict::ok);
    std::ofstream(path) << "region = \"US_NY\"\n[capabilities]\nsupports_margin = true\n";
    const Finding changed = check_config(path, geteuid(), profile);
    CHECK(changed.verdict == Verdict::warn);
    CHECK_THAT(changed.detail, Contains("region, supports_margin"));
    std::ofstream(path) << "region = = 5\n";
    CHECK_THAT(check_config(path, geteuid(), profile).detail, Contains("line 1"));
    REQUIRE(chmod(path.c_str(), 0664) == 0);
    CHECK(check_config(path, geteuid(), profile).remedy == "run: chmod go-w " + path.string());
    if (geteuid() != 0) return;
    REQUIRE(chown(path.c_str(), 65534, 65534) == 0);
    CHECK(check_config(path, geteuid(), profile).verdict == Verdict::fail);
    CHECK_THAT(check_config(path, geteuid(), profile).remedy, Contains("chown"));
}

TEST_CASE("the vault's file") {
    const Scratch folder;
    const fs::path path = folder.path() / "secrets.enc";
    CHECK_FALSE(check_vault_file(path, geteuid()));
    std::ofstream(path) << "x";
    REQUIRE(chmod(path.c_str(), 0600) == 0);
    CHECK(check_vault_file(path, geteuid())->verdict == Verdict::ok);
    REQUIRE(chmod(path.c_str(), 0640) == 0);
    CHECK(check_vault_file(path, geteuid())->verdict == Verdict::fail);
    REQUIRE(chmod(folder.path().c_str(), 0750) == 0);
    CHECK(check_vault_file(path, geteuid())->remedy == "run: chmod 0700 " + folder.path().string());
}

TEST_CASE("misspelt variables") {
    REQUIRE(setenv("KRAKKEN_SOCKET", "/x", 1) == 0);
    const Finding found = only(check_environment());
    unsetenv("KRAKKEN_SOCKET");
    CHECK(found.verdict == Verdict::warn);
    CHECK_THAT(found.detail, Contains("KRAKKEN_SOCKET"));
    CHECK_THAT(found.remedy, Contains("KRAKKEND_SOCKET"));
}

TEST_CASE("findings as a table of 80 columns, and as JSON") {
    const Findings findings{
        {"daemon", Verdict::ok, std::string(20, 'a') + " " + std::string(50, 'b')},
        {"account " + std::string(64, 'x'), Verdict::fail, "bad \033 luck", "try \"again\""},
        {"key", Verdict::warn, "hm"}
    };
    const std::string text = readable_findings(findings);
    CAPTURE(text);
    CHECK(text.starts_with("CHECK             RESULT  DETAIL\ndaemon            ok      aaaa"));
    CHECK_THAT(text, Contains("FAIL"));
    CHECK_THAT(
        text, Contains("\n                          bad ? luck\n                          > try \"again\"\n")
    );
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(display_width(line) <= 82);  // the longest name of an account stands alone
    }
    CHECK(
        findings_json({findings[1], findings[2]}) ==
        R"([{"check":"account )" + std::string(64, 'x') +
            R"(","result":"fail","detail":"bad \u001b luck","remedy":"try \"again\""},)"
            R"({"check":"key","result":"warn","detail":"hm"}])"
    );
    CHECK(any_failed(findings));
    CHECK_FALSE(any_failed({findings[0], findings[2]}));
    CHECK(findings_json({}) == "[]");
}
