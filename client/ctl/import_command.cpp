#include "import_command.hpp"

#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>

#include "account_entry.hpp"
#include "arguments.hpp"
#include "fields.hpp"
#include "foreign_keys.hpp"
#include "protocol/json_text.hpp"
#include "readable.hpp"
#include "report.hpp"
#include "secrets.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

struct Kind {
    const char* option;
    const char* help;
    KeyFile file;
    bool holds_more;  // settings that its owner may still need
};

constexpr std::array kinds{
    Kind{"--env", "Variables KRAKEN_API_KEY=... and their like", KeyFile::dotenv, true},
    Kind{"--krakenex", "The API key and, below it, the secret", KeyFile::krakenex, false},
    Kind{"--kraken-cli", "Its config.toml", KeyFile::kraken_cli, true},
    Kind{"--freqtrade", "Its config.json, or the one with its secrets", KeyFile::freqtrade, true},
};

struct ImportOptions {
    std::array<std::string, kinds.size()> paths;  // in the order of `kinds`; empty: not this kind
    std::string account;                          // empty: all in the file
    std::string name;                             // empty: as the file has it
    SaveOptions save;
    SecretSource source;
};

struct Source {
    Kind kind;
    std::string path;  // absolute, without links
    ForeignKeys keys;
    std::vector<std::string> warnings;  // what is not imported, and who else may know the keys
    bool complete = true;               // nothing that looks like a key is left out
};

// What has become of the keys.
struct Tally {
    std::string imported;  // results of account.add, separated by commas
    std::string failed;    // likewise: the accounts and their errors
    bool all_saved = true;
    ExitStatus worst = ExitStatus::done;
};

void append(std::string& list, const std::string& item) {
    list += (list.empty() ? "" : ",") + item;
}

std::string octal(mode_t mode) {
    std::string digits;
    for (const unsigned shift : {9U, 6U, 3U, 0U})
        digits += static_cast<char>('0' + ((mode >> shift) & 7U));
    return digits;
}

// A path as a shell takes it for one word.
std::string shell_word(const std::string& path) {
    const bool plain = std::ranges::all_of(path, [](unsigned char c) {
        return std::isalnum(c) != 0 || std::string_view("/._-+,:@%=").contains(static_cast<char>(c));
    });
    if (plain) return path;
    std::string word = "'";
    for (const char c : path)
        word += c == '\'' ? "'\\''" : std::string(1, c);
    return printable(word + "'");
}

Source choose_source(const ImportOptions& options) {
    const auto is_given = [](const std::string& path) { return !path.empty(); };
    if (std::ranges::count_if(options.paths, is_given) != 1)
        throw UsageError("one of --env, --krakenex, --kraken-cli and --freqtrade says which file is imported"
        );
    const auto given = std::ranges::find_if(options.paths, is_given);
    const Kind kind = kinds.at(static_cast<std::size_t>(given - options.paths.begin()));
    if (!options.account.empty() && kind.file != KeyFile::dotenv)
        throw UsageError("--account chooses among the accounts of an --env file; another has only one");
    std::error_code failed;
    const auto followed = std::filesystem::canonical(*given, failed);
    return {
        .kind = kind, .path = absolute_path(failed ? *given : followed.string()), .keys = {}, .warnings = {}
    };
}

void leave_out(Source& source, std::string sentence) {
    source.warnings.push_back(std::move(sentence));
    source.complete = false;
}

void choose_account(Source& source, const std::string& account) {
    std::vector<ForeignKey>& pairs = source.keys.pairs;
    std::string others;
    for (const ForeignKey& pair : pairs)
        if (pair.account != account) others += (others.empty() ? "" : ", ") + pair.account;
    std::erase_if(pairs, [&](const ForeignKey& pair) { return pair.account != account; });
    if (pairs.empty())
        throw UsageError(
            source.path + " has no whole pair for account " + account +
            (others.empty() ? "" : "; it has: " + others)
        );
    if (!others.empty()) leave_out(source, "left in the file, as --account asks: " + others);
}

// The keys in the file that are to be imported; it may be none.
Source read_source(const ImportOptions& options) {
    Source source = choose_source(options);
    const SecretFile file = read_secret_file(source.path);
    if ((file.mode & (S_IRWXG | S_IRWXO)) != 0)
        source.warnings.push_back(
            source.path + " has mode " + octal(file.mode) +
            ": others can use it, and may have seen the keys. Make new ones"
        );
    try {
        source.keys = read_keys(source.kind.file, file.text.view());
    } catch (const UsageError& error) {
        throw UsageError(source.path + " cannot be imported: " + error.what());
    }
    for (const std::string& sentence : source.keys.left_out)
        leave_out(source, sentence);
    if (!options.account.empty()) choose_account(source, options.account);
    return source;
}

void check_choice(const Source& source, const ImportOptions& options) {
    const std::size_t count = source.keys.pairs.size();
    if (count == 0)
        throw UsageError(
            source.path +
            " has no variables KRAKEN_API_KEY and KRAKEN_API_SECRET, or KRAKEN_USER_<NAME>_API_KEY and "
            "..._API_SECRET, with values"
        );
    if (count > 1 && !options.name.empty())
        throw UsageError("--name is for one account, and the file has several: choose one with --account");
    if (count > 1 && options.save.with_otp)
        throw UsageError("--otp is for one account, and the file has several: choose one with --account");
}

// What to do about a name or a key that the vault has already.
std::string remedy_for_existing(client::Client& daemon, const std::string& account) {
    const auto list = daemon.request("account.list");
    if (list && find_account(*list, account).empty()) return "nothing: the vault has that key";
    return "if it is this very key, nothing; if it is another Kraken account's, choose another --name; "
           "to have both keys here: krakkenctl account add-key " +
           account + "; to have only this one, first: krakkenctl account remove " + account;
}

void import_one(const Context& context, client::Client& daemon, const AccountEntry& entry, Tally& tally) {
    print_error("Account " + printable(entry.name) + ": asking Kraken whether it accepts the key ...\n");
    const auto added = add_account(daemon, entry);
    if (added) {
        tally.all_saved = tally.all_saved && Fields(*added).is_true("saved");
        append(tally.imported, *added);
        if (!context.json) print(readable_validation(*added));
        return;
    }
    client::Failure failure = added.error();
    if (failure.reason == "exists") failure.remedy = remedy_for_existing(daemon, entry.name);
    tally.all_saved = false;
    tally.worst = worse(tally.worst, exit_status(failure));
    append(tally.failed, "{\"name\":" + protocol::quote(entry.name) + ",\"error\":" + failure.json + "}");
    print_error(explain(failure));
    if (!context.json && can_save_unvalidated(failure)) print_error(unvalidated_hint);
}

std::string document(const Source& source, const Tally& tally) {
    std::string warnings;
    for (const std::string& warning : source.warnings)
        append(warnings, protocol::quote(warning));
    return "{\"source\":" + protocol::quote(source.path) +
           ",\"complete\":" + (source.complete && tally.all_saved ? "true" : "false") + ",\"imported\":[" +
           tally.imported + "],\"failed\":[" + tally.failed + "],\"warnings\":[" + warnings + "]}";
}

// What is left to do with the file.
std::string farewell(const Source& source, const Tally& tally) {
    if (tally.imported.empty()) return {};
    if (!source.complete || !tally.all_saved)
        return wrap(
            "Keep " + printable(source.path) +
            " for now: it holds keys that are not in the vault. Take out of it those that are."
        );
    std::string text =
        "\nAll keys of the file are in the vault. Stop the programs that used them, then\n"
        "destroy it:\n"
        "  shred -u " +
        shell_word(source.path) + "\n";
    if (source.kind.holds_more)
        text += "What else is in it and still needed: first copy that, without the keys.\n";
    return text +
           "Copies may remain in backups, version control, the shell's history and editors'\n"
           "files. A new key has none, so it is better: make one at Kraken, then run\n"
           "krakkenctl account replace-key NAME\n";
}

Finished import_keys(const Context& context, const ImportOptions& options) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    Source source = read_source(options);
    // Decoding leaves pieces in the stack's dead part.
    sodium_stackzero(std::size_t{64} << 10U);
    for (const std::string& warning : source.warnings)
        print_error(wrap("Warning: " + printable(warning) + ".", 2));
    check_choice(source, options);
    print_error(key_notice());

    SecretReader reader(options.source);
    Tally tally;
    for (ForeignKey& pair : source.keys.pairs) {
        AccountEntry entry;
        entry.name = options.name.empty() ? pair.account : options.name;
        entry.tier = options.save.tier;
        entry.save = options.save.save;
        entry.api_key = std::move(pair.api_key);
        entry.api_secret = std::move(pair.api_secret);
        if (options.save.with_otp) entry.otp = read_otp(reader);
        import_one(context, *daemon, entry, tally);
    }
    if (context.json) print_json(document(source, tally));
    print_error(farewell(source, tally));
    return tally.worst;
}

}  // namespace

void add_import(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("import", "Take over keys from another program's file");
    command->footer(
        "The key becomes account master, or --name. In an --env file KRAKEN_API_KEY and\n"
        "KRAKEN_MASTER_API_KEY with their ..._API_SECRET are master, too, and\n"
        "KRAKEN_USER_BOB_API_KEY is user_bob; all are imported. What fails for one does\n"
        "not stop the others; the exit status is the worst of all. With --json:\n"
        "{\"source\", \"complete\", \"imported\": [...], \"failed\": [{\"name\", \"error\"}],\n"
        "\"warnings\": [...]}; complete: the file has no key that is not in the vault.\n"
        "Examples:\n"
        "  krakkenctl account import --krakenex ~/kraken.key --name bot1\n"
        "  krakkenctl account import --env ~/bot/.env --account user_bob\n"
        "  krakkenctl account import --kraken-cli ~/.config/kraken/config.toml\n"
        "  krakkenctl account import --freqtrade user_data/config-private.json\n\n" +
        key_notice()
    );
    auto options = std::make_shared<ImportOptions>();
    for (std::size_t i = 0; i < kinds.size(); ++i)
        command->add_option(kinds.at(i).option, options->paths.at(i), kinds.at(i).help)->type_name("FILE");
    command->add_option("--account", options->account, "Of an --env file: only this one")->type_name("NAME");
    command->add_option("--name", options->name, "Another name for the account")->type_name("NAME");
    add_save_options(*command, options->save);
    add_stdin_option(*command, options->source, "with --otp, the password");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return import_keys(with, *options); };
    });
}

}  // namespace krakken::ctl
