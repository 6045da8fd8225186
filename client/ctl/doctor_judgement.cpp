#include "doctor_judgement.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>

#include "fields.hpp"

namespace krakken::ctl {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// What time servers keep to, generously.
constexpr milliseconds good_clock = 5s;
// From here on krakkend goes by Kraken's clock.
constexpr milliseconds bad_clock = 60s;
// After a restart a key's numbers run ahead of the clock by what was reserved.
constexpr milliseconds good_lead = 60s;

std::optional<milliseconds> milliseconds_of(std::string_view raw) {
    std::int64_t value = 0;
    const auto read = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (raw.empty() || read.ec != std::errc()) return std::nullopt;
    return milliseconds(value);
}

std::string seconds(milliseconds time) {
    return std::to_string(std::chrono::round<std::chrono::seconds>(time).count()) + " s";
}

Finding failed(std::string check, const client::Failure& failure) {
    const bool temporary = failure.retryable || failure.executed != protocol::Executed::no;
    std::string detail = failure.message;
    for (const auto& error : failure.kraken)
        detail += " (" + error + ")";
    const std::string remedy = failure.remedy.empty()
                                   ? std::string(temporary ? "try again in a moment" : "see the daemon's log")
                                   : failure.remedy;
    return {std::move(check), Verdict::fail, std::move(detail), remedy};
}

std::string_view protection_remedy(std::string_view name) {
    if (name == "memory_locked") return "allow krakkend more locked memory (LimitMEMLOCK=64M, ulimit -l)";
    return "see what krakkend's log says of it, event=hardening";
}

bool is_validated(std::string_view entry) {
    for (const auto key : items(Fields(entry).raw("keys")))
        if (!Fields(key).is_true("validated")) return false;
    return true;
}

Finding judge_account(const Fields& account, std::string_view list) {
    const std::string name = account.text("name");
    const std::string state = account.text("state");
    Finding finding{"account " + name, Verdict::ok, state};
    const std::string source = account.text("source");
    if (source == "environment") finding.detail += ", from krakkend's environment";
    if (account.is_true("hides_vault_entry")) finding.detail += ", hides the vault's key of that name";
    if (state != "ready") {
        finding.verdict = Verdict::fail;
        if (const auto error = account.text("last_error"); !error.empty()) finding.detail += ": " + error;
        finding.remedy = account.text("remedy");
        if (finding.remedy.empty()) finding.remedy = "run: krakkenctl account validate " + name;
    } else if (source != "environment" && !is_validated(find_account(list, name))) {
        finding.verdict = Verdict::warn;
        finding.detail += ", but Kraken has never been asked whether it accepts the key";
        finding.remedy = "run: krakkenctl account validate " + name;
    }
    return finding;
}

Finding judge_nonce(const Fields& key) {
    Finding finding{"nonce " + key.text("account"), Verdict::ok, "not used since krakkend started"};
    const auto lead = milliseconds_of(key.raw("lead_ms"));
    if (!lead) return finding;
    finding.detail = "unit " + key.text("unit") + ", last " + key.text("last") + ", " +
                     seconds(std::max(*lead, milliseconds(0))) + " ahead of the clock";
    if (*lead <= good_lead) return finding;
    finding.verdict = Verdict::warn;
    finding.detail += ": another tool counted this key in a finer unit, or the clock has jumped back";
    finding.remedy =
        "set the clock right; the numbers go on safely meanwhile. If another program uses this key, make "
        "a new key for krakkend alone";
    return finding;
}

}  // namespace

Finding judge_version(std::string_view raw_status, std::string_view own_version) {
    const Fields status(raw_status);
    const std::string version = status.text("version");
    Finding finding{"version", Verdict::ok, "krakkend and krakkenctl " + version};
    if (version == own_version) return finding;
    return {
        "version",
        Verdict::warn,
        "krakkend is " + version + ", krakkenctl is " + std::string(own_version),
        "restart krakkend, if it was updated while it ran"
    };
}

Finding judge_protection(std::string_view raw_status) {
    const Fields status(raw_status);
    const Fields protection(status.raw("protection"));
    Finding finding{"protection", Verdict::ok, {}};
    std::string missing;
    for (const auto& member : protection.members()) {
        std::string& list = member.value == "false" ? missing : finding.detail;
        list += (list.empty() ? "" : ", ") + member.name;
        if (member.value == "false" && finding.remedy.empty())
            finding.remedy = protection_remedy(member.name);
    }
    if (missing.empty()) return finding;
    finding.verdict = Verdict::warn;
    finding.detail = "not in force: " + missing;
    return finding;
}

Finding judge_vault(std::string_view raw_status) {
    const Fields status(raw_status);
    const Fields vault(status.raw("vault"));
    const std::string path = vault.text("path");
    const std::string state = status.text("state");
    if (state == "locked") return {"vault", Verdict::warn, path + " is locked", "run: krakkenctl unlock"};
    if (state == "unlocked" && vault.is_true("exists"))
        return {"vault", Verdict::ok, path + " is unlocked since " + status.text("state_since")};
    if (state == "unlocked")
        return {"vault", Verdict::ok, "none; all credentials come from krakkend's environment"};
    return {"vault", Verdict::warn, "there is none yet (" + path + ")", "run: krakkenctl setup"};
}

Finding judge_clock(std::string_view raw_status) {
    const Fields status(raw_status);
    const auto offset = milliseconds_of(Fields(status.raw("upstream")).raw("clock_offset_ms"));
    if (!offset) return {"clock", Verdict::ok, "not compared with Kraken's yet"};
    const milliseconds off = std::chrono::abs(*offset);
    const std::string detail = (off < 1s ? std::to_string(off.count()) + " ms" : seconds(off)) +
                               (*offset < 0ms ? " ahead of Kraken's" : " behind Kraken's");
    if (off <= good_clock) return {"clock", Verdict::ok, detail};
    return {
        "clock",
        Verdict::warn,
        detail + (off > bad_clock ? "; krakkend goes by Kraken's clock" : ""),
        "set this machine's clock by a time server (timedatectl set-ntp true)"
    };
}

Finding judge_kraken(const client::Outcome<std::string>& answer) {
    if (!answer) return failed("kraken", answer.error());
    const std::string status = Fields(*answer).text("status");
    if (status == "online") return {"kraken", Verdict::ok, "reachable, online"};
    return {
        "kraken",
        Verdict::warn,
        "reachable, but its status is '" + status + "'",
        "wait; status.kraken.com says what is going on"
    };
}

Findings judge_accounts(std::string_view raw_status, std::string_view list) {
    const Fields status(raw_status);
    Findings findings;
    for (const auto item : items(status.raw("accounts")))
        findings.push_back(judge_account(Fields(item), list));
    if (findings.empty() && status.text("state") == "unlocked")
        findings.push_back({"accounts", Verdict::warn, "there is none", "run: krakkenctl setup"});
    return findings;
}

Findings judge_key(const std::string& account, const client::Outcome<std::string>& answer) {
    const std::string check = "key " + account;
    if (!answer) return {failed(check, answer.error())};
    const Fields result(*answer);
    std::string permissions;
    for (const auto item : items(result.raw("permissions")))
        permissions += (permissions.empty() ? "" : ", ") + shown(item);
    if (permissions.empty()) permissions = "Kraken did not tell what it may do";
    Findings findings{{check, Verdict::ok, "Kraken accepts it: " + permissions}};
    for (const auto item : items(result.raw("warnings")))
        findings.push_back(
            {check,
             Verdict::warn,
             shown(item),
             "change that at Kraken (Settings, API), then run: krakkenctl account validate " + account}
        );
    return findings;
}

Findings judge_nonces(std::string_view nonces) {
    Findings findings;
    for (const auto item : items(nonces))
        findings.push_back(judge_nonce(Fields(item)));
    return findings;
}

}  // namespace krakken::ctl
