// intent list, show, wait, settle: calls that place orders or move funds, and what became of them.

#include <algorithm>
#include <chrono>
#include <memory>

#include "commands.hpp"
#include "fields.hpp"
#include "protocol/json_text.hpp"
#include "report.hpp"
#include "table.hpp"

namespace krakken::ctl {

using protocol::SocketKind;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

struct ListOptions {
    std::string account;
    bool open = false;
    bool everybody = false;
};

struct WaitOptions {
    std::string id;
    long timeout_s = 0;  // none
};

struct SettleOptions {
    std::string id;
    std::string outcome;
    std::string reason;
};

// "buy 0.01 XBTUSD @ 10000.0", as far as it is known; of a batch the first and how many more.
std::string order_words(const Fields& intent) {
    const auto orders = items(intent.raw("orders"));
    if (orders.empty()) return "";
    const Fields order(orders.front());
    std::string words;
    for (const std::string_view name : {"side", "volume", "pair"}) {
        if (const std::string text = order.text(name); !text.empty())
            words += (words.empty() ? "" : " ") + text;
    }
    if (const std::string price = order.text("price"); !price.empty()) words += " @ " + price;
    if (orders.size() > 1) words += " (+" + std::to_string(orders.size() - 1) + ")";
    return words;
}

// Without the part of a second: the table has no room for it.
std::string to_the_second(const std::string& time) {
    const std::size_t point = time.find('.');
    return point == std::string::npos ? time : time.substr(0, point) + "Z";
}

std::string readable_list(std::string_view result) {
    std::vector<Row> rows;
    for (const auto item : items(result)) {
        const Fields intent(item);
        rows.push_back(
            {intent.text("id"),
             to_the_second(intent.text("sent_at")),
             intent.text("account"),
             intent.text("endpoint"),
             order_words(intent),
             intent.text("state")}
        );
    }
    if (rows.empty()) return "No call that places orders or moves funds was made in the last day.\n";
    return render_table(
        {{"ID"},
         {"SENT"},
         {.title = "ACCOUNT", .shrinks = true},
         {.title = "CALL", .shrinks = true},
         {.title = "ORDER", .shrinks = true},
         {"STATE"}},
        rows
    );
}

std::string readable_intent(std::string_view result) {
    const Fields intent(result);
    std::vector<Row> rows;
    for (const std::string_view name :
         {"id", "state", "account", "endpoint", "client", "sent_at", "settled_at", "deadline", "reason"}) {
        if (const std::string text = intent.text(name); !text.empty())
            rows.push_back({std::string(name), text});
    }
    for (const std::string_view name : {"tag", "orders", "result"}) {
        if (const std::string_view raw = intent.raw(name); !raw.empty())
            rows.push_back({std::string(name), printable(raw)});
    }
    std::string text = render_table({{"NAME"}, {.title = "VALUE"}}, rows);
    const Fields error(intent.raw("error"));
    if (const std::string message = error.text("message"); !message.empty()) text += wrap(message);
    return text;
}

std::string id_params(const std::string& id) {
    return "{\"id\":" + protocol::quote(id) + "}";
}

Finished list(const Context& context, const ListOptions& options) {
    std::string params = std::string(R"({"which":)") + (options.open ? R"("open")" : R"("all")");
    if (!options.account.empty()) params += ",\"account\":" + protocol::quote(options.account);
    const SocketKind socket = options.everybody ? SocketKind::admin : SocketKind::client;
    return ask_and_print(context, socket, "intent.list", params + "}", readable_list);
}

// What is known decides the status, as it does for the call itself.
ExitStatus status_of(std::string_view result) {
    const std::string state = Fields(result).text("state");
    if (state == "placed") return ExitStatus::done;
    return state == "not_placed" ? ExitStatus::refused : ExitStatus::unknown;
}

Finished wait(const Context& context, const WaitOptions& options) {
    constexpr milliseconds longest_wait{120'000};
    const bool bounded = options.timeout_s > 0;
    const auto end = steady_clock::now() + std::chrono::seconds(options.timeout_s);
    auto daemon = context.connect(SocketKind::client);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    for (milliseconds timeout = longest_wait;;) {
        if (bounded) {
            const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
            timeout = std::clamp(left, milliseconds(1), longest_wait);
        }
        const std::string params = "{\"id\":" + protocol::quote(options.id) +
                                   ",\"timeout_ms\":" + std::to_string(timeout.count()) + "}";
        const auto result = daemon->request("intent.wait", params, timeout + std::chrono::seconds(5));
        if (result) {
            const auto printed = finish(context, *result, readable_intent);
            if (!printed) return printed;
            return status_of(*result);
        }
        const bool again = result.error().code == static_cast<int>(protocol::ErrorCode::timeout);
        if (!again || (bounded && steady_clock::now() >= end)) return std::unexpected(result.error());
    }
}

Finished settle(const Context& context, const SettleOptions& options) {
    const std::string params = "{\"id\":" + protocol::quote(options.id) +
                               ",\"outcome\":" + protocol::quote(options.outcome) +
                               ",\"reason\":" + protocol::quote(options.reason) + "}";
    return ask_and_print(context, SocketKind::admin, "intent.settle", params, readable_intent);
}

void add_list(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("list", "List those of the last day, newest first");
    command->footer(
        "STATE: sent (on its way), settling (the answer was lost, and the daemon finds\n"
        "out), placed, not_placed, unknown (it cannot be found out: see at Kraken, then\n"
        "'krakkenctl intent settle').\n"
        "Examples:\n"
        "  krakkenctl intent list\n"
        "  krakkenctl intent list --open --everybody"
    );
    auto options = std::make_shared<ListOptions>();
    command->add_option("--account", options->account, "Only those of this account");
    command->add_flag("--open", options->open, "Only those whose fate is not known");
    command->add_flag("--everybody", options->everybody, "Other users' too (by the admin socket)");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return list(with, *options); };
    });
}

void add_show(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("show", "Show all that is known of one");
    command->footer("Example:\n  krakkenctl intent show 5f0c71aa-17");
    auto id = std::make_shared<std::string>();
    command->add_option("id", *id, "As 'intent list' or the error names it")->required();
    command->callback([&context, id] {
        context.command = [id](const Context& with) {
            return ask_and_print(with, SocketKind::client, "intent.get", id_params(*id), readable_intent);
        };
    });
}

void add_wait_for(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("wait", "Wait until it is known what became of one");
    command->footer(
        "Exit status: 0 it was executed; 1 it was not; 5 nobody can tell: look at\n"
        "Kraken; 75 not known within --timeout.\n"
        "Example:\n"
        "  krakkenctl intent wait 5f0c71aa-17 --timeout 60"
    );
    auto options = std::make_shared<WaitOptions>();
    command->add_option("id", options->id, "As 'intent list' or the error names it")->required();
    command->add_option("--timeout", options->timeout_s, "At most so many seconds [no limit]")
        ->check(CLI::Range(1L, 1'000'000L).description(""))
        ->type_name("S");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return wait(with, *options); };
    });
}

void add_settle(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("settle", "Say what became of one, by your own eyes");
    command->footer(
        "For a call that stays 'settling' or 'unknown'. Look at Kraken first: what you\n"
        "say is what its caller is told, and it is kept with your reason.\n"
        "Example:\n"
        "  krakkenctl intent settle 5f0c71aa-17 not_placed --reason 'not there'"
    );
    auto options = std::make_shared<SettleOptions>();
    command->add_option("id", options->id, "As 'intent list' or the error names it")->required();
    command->add_option("outcome", options->outcome, "placed or not_placed")
        ->required()
        ->check(CLI::IsMember({"placed", "not_placed"}).description(""));
    command->add_option("--reason", options->reason, "How you know")->required();
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return settle(with, *options); };
    });
}

}  // namespace

void add_intent(CLI::App& app, Context& context) {
    auto* group = app.add_subcommand("intent", "What became of orders: list, show, wait, settle");
    add_list(*group, context);
    add_show(*group, context);
    add_wait_for(*group, context);
    add_settle(*group, context);
}

}  // namespace krakken::ctl
