#include "status_view.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "fields.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

void add_line(std::string& text, std::string_view name, const std::string& value) {
    if (value.empty()) return;
    std::string line(name);
    line.append(10 - name.size(), ' ');
    text += wrap(line + value, 10);
}

std::string vault_line(const Fields& vault) {
    if (vault.text("path").empty()) return {};
    return vault.text("path") + (vault.is_true("exists") ? "" : " (not created yet)");
}

std::string upstream_line(const Fields& upstream) {
    std::string line = upstream.text("base_url");
    if (const auto state = upstream.text("state"); !state.empty()) line += ", " + state;
    return line;
}

// Of a clock that is far from Kraken's.
std::string clock_note(const Fields& upstream) {
    constexpr std::int64_t good_offset_ms = 5000;
    const std::string text(upstream.raw("clock_offset_ms"));
    std::int64_t offset = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), offset);
    if (std::abs(offset) <= good_offset_ms) return {};
    return wrap(
        "This machine's clock is " + std::to_string(std::abs(offset) / 1000) + " s " +
            (offset > 0 ? "behind" : "ahead of") + " Kraken's. Set it by a time server.",
        2
    );
}

std::string daemon_line(const Fields& status) {
    return "krakkend " + status.text("version") + ", pid " + status.text("pid") + ", up " +
           status.text("uptime_s") + " s, clients: " + status.text("clients");
}

// "yes", "no", or how many of several keys.
std::string validated(std::string_view accounts, const std::string& name) {
    for (const auto item : items(accounts)) {
        const Fields account(item);
        if (account.text("name") != name) continue;
        if (account.text("source") == "environment") break;  // that is a mark in the vault
        const auto keys = items(account.raw("keys"));
        const auto good = std::ranges::count_if(keys, [](std::string_view key) {
            return Fields(key).is_true("validated");
        });
        if (good == std::ssize(keys)) return keys.empty() ? "-" : "yes";
        return good == 0 ? "no" : std::to_string(good) + " of " + std::to_string(keys.size());
    }
    return "-";
}

std::string median_latency(const Fields& account) {
    const std::string value = Fields(account.raw("latency_ms")).text("p50");
    return value.empty() || account.text("calls") == "0" ? "-" : value + " ms";
}

std::string account_table(std::string_view raw_accounts, std::string_view listed) {
    std::vector<Row> rows;
    for (const auto item : items(raw_accounts)) {
        const Fields account(item);
        rows.push_back(
            {account.text("name"),
             account.text("source"),
             account.text("state"),
             validated(listed, account.text("name")),
             account.text("calls"),
             account.text("errors"),
             median_latency(account)}
        );
    }
    return render_table(
        {{.title = "ACCOUNT", .shrinks = true},
         {"SOURCE"},
         {"STATE"},
         {"VALIDATED"},
         {.title = "CALLS", .right = true},
         {.title = "ERRORS", .right = true},
         {.title = "P50", .right = true}},
        rows
    );
}

// "12.500 of 20", empty while nothing counts on it.
std::string used_of(std::string_view counter) {
    const Fields fields(counter);
    const std::string used = fields.text("used");
    if (used.empty() || used == "0.000") return {};
    const std::string limit = fields.text("limit");
    return used + " of " + limit.substr(0, limit.find('.'));
}

// How much of Kraken's limits each account has used, as far as it counts on any.
std::string budgets(std::string_view raw_accounts) {
    std::string text;
    for (const auto item : items(raw_accounts)) {
        const Fields account(item);
        const Fields budget(account.raw("budget"));
        std::string line;
        const auto add = [&line](const std::string& used, const std::string& what) {
            if (!used.empty()) line += (line.empty() ? "" : ", ") + used + what;
        };
        for (const auto& key : Fields(budget.raw("rest")).members())
            add(used_of(key.value), " calls");
        for (const auto& pair : Fields(budget.raw("pairs")).members())
            add(used_of(pair.value), " order changes on " + printable(pair.name));
        if (!line.empty()) text += wrap(account.text("name") + ": " + line, 2);
    }
    return text.empty() ? text : "\nKraken's limits, used:\n" + text;
}

// What is being found out, and what waits for its turn, of each account.
std::string under_way(std::string_view raw_accounts) {
    std::string text;
    for (const auto item : items(raw_accounts)) {
        const Fields account(item);
        const std::string name = account.text("name");
        if (const auto settling = account.text("settling"); !settling.empty())
            text += wrap(
                name + ": calls whose answer was lost, being looked up at Kraken: " + settling +
                    "; see: krakkenctl intent list --open --everybody",
                2
            );
        const Fields waiting(account.raw("waiting"));
        std::string line;
        for (const std::string_view what : {"cancels", "placements", "reads"})
            if (const auto count = waiting.text(what); !count.empty() && count != "0")
                line += (line.empty() ? "" : ", ") + count + " " + std::string(what);
        if (!line.empty()) text += wrap(name + ": waiting for their turn: " + line, 2);
    }
    return text;
}

std::string remedies(std::string_view raw_accounts) {
    std::string text;
    for (const auto item : items(raw_accounts)) {
        const Fields account(item);
        const std::string name = account.text("name");
        if (const auto error = account.text("last_error"); !error.empty() && account.text("state") != "ready")
            text += wrap(name + ": " + error, 2);
        if (const auto remedy = account.text("remedy"); !remedy.empty())
            text += wrap(name + ": " + remedy, 2);
        if (account.is_true("hides_vault_entry"))
            text +=
                wrap(name + ": the key in krakkend's environment hides the one of that name in the vault", 2);
    }
    return text;
}

std::string next_step(const Fields& status) {
    const std::string state = status.text("state");
    if (state == "uninitialized") return "There is no vault yet. Next: krakkenctl setup\n";
    if (state == "locked") return "Next: krakkenctl unlock\n";
    if (items(status.raw("accounts")).empty())
        return "There is no account yet. Next: krakkenctl account add NAME\n";
    return {};
}

std::string frozen_lines(std::string_view raw_frozen) {
    std::string text;
    for (const auto item : items(raw_frozen)) {
        const Fields freeze(item);
        text += wrap(
            "Frozen: " + freeze.text("scope") + ", " + freeze.text("reason") +
                "; reads and cancels pass. End it with: krakkenctl thaw",
            2
        );
    }
    return text;
}

std::string unprotected(const Fields& protection) {
    std::string text;
    for (const auto& member : protection.members())
        if (member.value == "false") text += "Protection not in force: " + printable(member.name) + "\n";
    return text;
}

}  // namespace

std::string readable_status(std::string_view raw_status, std::string_view accounts) {
    const Fields status(raw_status);
    std::string text = wrap(status.text("summary"));
    add_line(text, "state", status.text("state") + " since " + status.text("state_since"));
    add_line(text, "vault", vault_line(Fields(status.raw("vault"))));
    add_line(text, "config", Fields(status.raw("config")).text("path"));
    add_line(text, "upstream", upstream_line(Fields(status.raw("upstream"))));
    add_line(text, "daemon", daemon_line(status));
    const std::string table = account_table(status.raw("accounts"), accounts);
    if (!table.empty()) text += "\n" + table + budgets(status.raw("accounts"));
    const std::string notes = frozen_lines(status.raw("frozen")) +
                              clock_note(Fields(status.raw("upstream"))) + under_way(status.raw("accounts")) +
                              remedies(status.raw("accounts")) +
                              unprotected(Fields(status.raw("protection"))) + next_step(status);
    if (!notes.empty()) text += "\n" + notes;
    return text;
}

bool is_healthy(std::string_view raw_status) {
    const Fields status(raw_status);
    return status.text("state") == "unlocked" &&
           std::ranges::all_of(items(status.raw("accounts")), [](std::string_view account) {
               return Fields(account).text("state") == "ready";
           });
}

}  // namespace krakken::ctl
