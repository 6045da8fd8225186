// nonce status and nonce import.

#include <memory>

#include "arguments.hpp"
#include "commands.hpp"
#include "fields.hpp"
#include "protocol/json_text.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

struct ImportOptions {
    std::string account;
    std::string file;
};

std::string readable_nonces(std::string_view result) {
    std::vector<Row> rows;
    for (const auto item : items(result)) {
        const Fields key(item);
        rows.push_back(
            {key.text("account"),
             key.text("key"),
             key.text("unit"),
             key.text("last"),
             key.text("lead_ms"),
             key.text("state")}
        );
    }
    if (rows.empty()) return "There is no key.\n";
    return render_table(
        {{.title = "ACCOUNT", .shrinks = true},
         {"KEY"},
         {"UNIT"},
         {.title = "LAST NONCE", .right = true},
         {.title = "LEAD MS", .right = true},
         {"STATE"}},
        rows
    );
}

Finished import(const Context& context, const ImportOptions& options) {
    const std::string path = absolute_path(options.file);
    const std::string params =
        "{\"account\":" + protocol::quote(options.account) + ",\"file\":" + protocol::quote(path) + "}";
    return ask_and_print(context, SocketKind::admin, "nonce.import", params, [](std::string_view result) {
        const Fields fields(result);
        return "The next nonce of account " + fields.text("account") + " will be above " +
               fields.text("last") + ".\n";
    });
}

void add_nonce_status(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("status", "Show every key's last nonce and its lead");
    command->footer(
        "LEAD MS: how far a key's numbers are ahead of the clock. Much more than 10000\n"
        "means that another tool counted the key in a finer unit, or that the clock has\n"
        "jumped back; the numbers go on safely.\n"
        "Examples:\n"
        "  krakkenctl nonce status\n"
        "  krakkenctl nonce status --account bot1 --json"
    );
    auto account = std::make_shared<std::string>();
    command->add_option("--account", *account, "Only this account's keys");
    command->callback([&context, account] {
        context.command = [account](const Context& with) {
            const std::string params =
                account->empty() ? "{}" : "{\"account\":" + protocol::quote(*account) + "}";
            return ask_and_print(with, SocketKind::client, "nonce.status", params, readable_nonces);
        };
    });
}

void add_nonce_import(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("import", "Go on above the number in an old nonce file");
    command->footer(
        "For a key that another program used before: its file holds the last nonce, one\n"
        "decimal number. krakkend reads the file itself, so its user must be able to. A\n"
        "number absurdly far ahead of the clock is refused.\n"
        "Example:\n"
        "  krakkenctl nonce import --account master ~/bot/kraken_nonce.txt"
    );
    auto options = std::make_shared<ImportOptions>();
    command->add_option("--account", options->account, "Whose key it was used for")->required();
    command->add_option("file", options->file, "The old nonce file")->required()->type_name("FILE");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return import(with, *options); };
    });
}

}  // namespace

void add_nonce(CLI::App& app, Context& context) {
    auto* group = app.add_subcommand("nonce", "Nonces of the API keys");
    add_nonce_status(*group, context);
    add_nonce_import(*group, context);
}

}  // namespace krakken::ctl
