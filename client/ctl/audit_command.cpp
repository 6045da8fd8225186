// audit: who had what done, and what came of it.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

#include "arguments.hpp"
#include "audit_view.hpp"
#include "commands.hpp"
#include "fields.hpp"
#include "protocol/json_text.hpp"
#include "report.hpp"

namespace krakken::ctl {

namespace {

using client::Outcome;
using protocol::SocketKind;

constexpr long shown_at_once = 20;
constexpr long most_rows = 10'000;  // that the daemon gives at once

struct AuditOptions {
    std::string account;
    long limit = shown_at_once;
    bool follow = false;
    bool verify = false;
};

std::int64_t number_of(std::string_view row) {
    const std::string text = Fields(row).text("row");
    std::int64_t number = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string params_for_last(const std::string& account, long limit) {
    std::string params = "{\"limit\":" + std::to_string(limit);
    if (!account.empty()) params += ",\"account\":" + protocol::quote(account);
    return params + "}";
}

std::string params_behind(std::int64_t row) {
    return "{\"after\":" + std::to_string(row) + ",\"limit\":" + std::to_string(most_rows) + "}";
}

void print_rows(const Context& context, const std::vector<std::string_view>& rows) {
    if (!context.json) return print(audit_lines(rows));
    for (const auto row : rows)
        print_json(row);
}

// What a daemon that is started anew puts right.
bool is_passing(const client::Failure& failure) {
    return failure.kind == client::FailureKind::no_daemon || failure.kind == client::FailureKind::lost ||
           failure.kind == client::FailureKind::late;
}

// Asks for all rows behind the last one and picks the account's here: the daemon would have to look through
// its whole audit for an account that does nothing.
Outcome<std::int64_t> show_new(
    const Context& context, client::Client& daemon, const std::string& account, std::int64_t last
) {
    const auto result = daemon.request("audit.tail", params_behind(last));
    if (!result) return std::unexpected(result.error());
    std::vector<std::string_view> rows = items(*result);
    if (!rows.empty()) last = number_of(rows.back());
    std::erase_if(rows, [&](std::string_view row) {
        return !account.empty() && Fields(row).text("account") != account;
    });
    if (!rows.empty()) print_rows(context, rows);
    return last;
}

// Until a signal ends it. A daemon that goes away is waited for; at the first look there must be one.
Finished follow(const Context& context, const AuditOptions& options) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto newest = daemon->request("audit.tail", params_for_last("", 1));
    if (!newest) return std::unexpected(newest.error());
    const auto begin = daemon->request("audit.tail", params_for_last(options.account, options.limit));
    if (!begin) return std::unexpected(begin.error());
    if (!context.json) print(audit_title());
    print_rows(context, items(*begin));
    std::int64_t last = 0;
    for (const auto& seen : {*newest, *begin})
        if (const auto rows = items(seen); !rows.empty()) last = std::max(last, number_of(rows.back()));
    for (bool away = false;;) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        const auto now = show_new(context, *daemon, options.account, last);
        if (now) {
            last = *now;
        } else if (!is_passing(now.error())) {
            return std::unexpected(now.error());
        } else if (!away) {
            print_error(explain(now.error()));
        }
        away = !now;
    }
}

Finished verify(const Context& context) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto verdict = daemon->request("audit.verify");
    if (!verdict) return std::unexpected(verdict.error());
    const auto finished = finish(context, *verdict, readable_verdict);
    return Fields(*verdict).is_true("ok") ? finished : ExitStatus::refused;
}

Finished show(const Context& context, const AuditOptions& options) {
    const std::string params = params_for_last(options.account, options.limit);
    return ask_and_print(context, SocketKind::admin, "audit.tail", params, [](std::string_view result) {
        const auto rows = items(result);
        return rows.empty() ? std::string("There is no row.\n") : audit_title() + audit_lines(rows);
    });
}

Finished audit(const Context& context, const AuditOptions& options) {
    if (options.verify) return verify(context);
    return options.follow ? follow(context, options) : show(context, options);
}

}  // namespace

void add_audit(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("audit", "Show who had what done, and what came of it");
    command->footer(
        "WHO is the uid and the program. A placement is two rows: 'intent' before it is\n"
        "sent, and what became of it.\n"
        "Examples:\n"
        "  krakkenctl audit --account bot1 --limit 100\n"
        "  krakkenctl audit --follow --json           one object per line, as they come\n"
        "  krakkenctl audit --verify                  exit status 1 if rows were changed"
    );
    auto options = std::make_shared<AuditOptions>();
    command->add_option("--account", options->account, "Only this account's rows");
    command->add_option("--limit", options->limit, "How many rows (20)")
        ->check(CLI::Range(1L, most_rows).description(""))
        ->type_name("ROWS");
    auto* follow = command->add_flag("--follow", options->follow, "Go on with new rows, until Ctrl-C");
    command->add_flag("--verify", options->verify, "Check that each row follows from the one before")
        ->excludes(follow);
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return audit(with, *options); };
    });
}

}  // namespace krakken::ctl
