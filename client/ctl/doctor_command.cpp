// doctor: looks at everything that a working krakkend needs, and names the remedy for what is wrong.

#include <unistd.h>

#include "commands.hpp"
#include "doctor_judgement.hpp"
#include "doctor_local.hpp"
#include "fields.hpp"
#include "protocol/json_text.hpp"
#include "protocol/version.hpp"
#include "report.hpp"

namespace krakken::ctl {

namespace {

using namespace std::chrono_literals;
using protocol::SocketKind;

// How long Kraken may take for a question of ours.
constexpr std::chrono::milliseconds kraken_patience = 10s;
constexpr std::chrono::milliseconds validation_patience = 90s;

class Examination {
public:
    explicit Examination(const Context& context) : context_(context) {}

    // False when no daemon answers: then only what lies on this machine is looked at.
    bool run() {
        add(check_environment());
        auto daemon = context_.connect(SocketKind::client);
        if (!daemon) {
            examine_without(daemon.error());
            return false;
        }
        examine(*daemon);
        return true;
    }
    const Findings& findings() const { return findings_; }

private:
    void add(Findings more) {
        for (auto& finding : more)
            findings_.push_back(std::move(finding));
    }
    void add(Finding finding) { findings_.push_back(std::move(finding)); }

    // An empty result where there is none: a daemon that answers no more is no healthy one.
    std::string ask(client::Client& daemon, std::string_view method) {
        auto result = daemon.request(method);
        if (!result) add({"daemon", Verdict::fail, result.error().message, result.error().remedy});
        return result.value_or("{}");
    }

    void examine_without(const client::Failure& failure) {
        add({"daemon", Verdict::fail, failure.message, failure.remedy});
        try {
            const protocol::Paths paths = protocol::find_paths(context_.folders());
            if (const auto vault = check_vault_file(paths.vault_file, geteuid())) add(*vault);
            add(check_config(paths.config_file(), geteuid(), {}));
        } catch (const std::runtime_error&) {
            // No home, no folders of this user's own.
        }
    }

    void examine(client::Client& daemon) {
        const std::filesystem::path socket = daemon.socket();
        const uid_t owner = owner_of(socket);
        // Kraken first: what it says of the time shows in the status.
        client::CallOptions options;
        options.timeout = kraken_patience;
        const auto kraken = daemon.call("SystemStatus", {}, options);
        (void)daemon.call("Time", {}, options);
        const auto status = daemon.request("status");
        if (!status) return add({"daemon", Verdict::fail, status.error().message, status.error().remedy});
        add(
            {"daemon",
             Verdict::ok,
             "answers at " + socket.string() + ", pid " + Fields(*status).text("pid") + ", user " +
                 std::to_string(owner)}
        );
        add(judge_version(*status, protocol::version));
        add(check_sockets(socket.parent_path(), owner));
        examine_files(daemon, *status, owner);
        add(judge_protection(*status));
        add(judge_vault(*status));
        add(judge_kraken(kraken));
        add(judge_clock(*status));
        examine_accounts(daemon, *status);
        add(judge_nonces(ask(daemon, "nonce.status")));
    }

    void examine_files(client::Client& daemon, std::string_view raw_status, uid_t owner) {
        const Fields status(raw_status);
        if (const auto path = Fields(status.raw("config")).text("path"); !path.empty())
            add(check_config(path, owner, ask(daemon, "profile")));
        if (const auto path = Fields(status.raw("vault")).text("path"); !path.empty())
            if (const auto vault = check_vault_file(path, owner)) add(*vault);
    }

    void examine_accounts(client::Client& daemon, std::string_view status) {
        add(judge_accounts(status, ask(daemon, "account.list")));
        auto admin = context_.connect(SocketKind::admin);
        for (const auto item : items(Fields(status).raw("accounts"))) {
            const Fields account(item);
            if (account.text("source") == "environment") continue;  // krakkend asks about it by itself
            const std::string name = account.text("name");
            if (!admin) {
                add(
                    {"key " + name,
                     Verdict::warn,
                     "skipped: this user may not use the admin socket",
                     "run doctor as krakkend's user or root"}
                );
                continue;
            }
            add(judge_key(
                name,
                admin->request(
                    "account.validate", "{\"name\":" + protocol::quote(name) + "}", validation_patience
                )
            ));
        }
    }

    const Context& context_;
    Findings findings_;
};

Finished doctor(const Context& context) {
    Examination examination(context);
    const bool answers = examination.run();
    const Findings& findings = examination.findings();
    if (context.json) {
        print_json(findings_json(findings));
    } else {
        print(readable_findings(findings));
    }
    if (!answers) return ExitStatus::no_daemon;
    return any_failed(findings) ? ExitStatus::refused : ExitStatus::done;
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("doctor", "Find what is wrong, and name the remedy");
    command->footer(
        "It asks Kraken about every key, as 'krakkenctl account validate' does: nothing\n"
        "is placed, but krakkend notes when a key was accepted, and counts its nonces in\n"
        "a finer unit if Kraken wants that. A warning needs a look, a FAIL keeps\n"
        "something from working.\n"
        "Examples:\n"
        "  krakkenctl doctor\n"
        "  krakkenctl doctor --json    a list of check, result (ok, warn, fail), detail\n"
        "Exit status: 0 nothing failed, 1 something did, 3 no daemon answers."
    );
    command->callback([&context] { context.command = doctor; });
}

}  // namespace krakken::ctl
