#include "profile_entry.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "arguments.hpp"
#include "config_file.hpp"
#include "config_text.hpp"
#include "context.hpp"
#include "fields.hpp"
#include "report.hpp"
#include "table.hpp"
#include "terminal.hpp"

namespace krakken::ctl {

namespace {

constexpr std::string_view default_region = "US_CA";

constexpr std::string_view profile_step =
    "Step 3 of 3: what your programs may do. krakkend refuses what is not allowed\n"
    "here, whoever asks; you can change it later in config.toml.\n";

// Upper case; empty for what cannot be a region.
std::string region_of(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) {
        return static_cast<char>(std::toupper(c));
    });
    const bool good = text.size() >= 2 && text.size() <= 16 && std::ranges::all_of(text, [](unsigned char c) {
                          return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_';
                      });
    return good ? text : std::string();
}

std::string ask_region() {
    for (;;) {
        const std::string answer =
            ask("Where are you a customer? Country, or US_ and state (DE, GB, US_NY) [US_CA]: ");
        if (answer.empty()) return std::string(default_region);
        if (std::string region = region_of(answer); !region.empty()) return region;
    }
}

bool ask_whether(const std::string& question) {
    for (;;) {
        const std::string answer = ask(question + " [y/N] ");
        if (answer.empty() || answer == "n" || answer == "N") return false;
        if (answer == "y" || answer == "Y") return true;
    }
}

// Collects what is to stand in the file; asks only for what neither command line nor file says.
class Wishes {
public:
    Wishes(const std::optional<std::string>& text, bool at_terminal) : text_(text), asks_(at_terminal) {}

    void region(const std::string& given) {
        if (!given.empty()) {
            settings_.push_back({"", "region", given});
        } else if (is_open("", "region")) {
            settings_.push_back({"", "region", asks_ ? ask_region() : std::string(default_region)});
        }
    }
    void default_account(const std::string& name) {
        if (!name.empty()) settings_.push_back({"", "default_account", name});
    }
    void capability(const std::string& name, bool given, const std::string& question) {
        if (!given && !is_open("capabilities", name)) return;
        settings_.push_back({"capabilities", name, given || (asks_ && ask_whether(question))});
    }
    const std::vector<Setting>& settings() const { return settings_; }

private:
    bool is_open(std::string_view table, std::string_view name) const {
        return !text_ || !sets(*text_, table, name);
    }

    const std::optional<std::string>& text_;
    bool asks_;
    std::vector<Setting> settings_;
};

std::vector<Setting> wishes(
    const ProfileOptions& options,
    const std::string& default_account,
    const std::optional<std::string>& text,
    bool at_terminal
) {
    Wishes wishes(text, at_terminal);
    wishes.region(options.region);
    wishes.default_account(default_account);
    wishes.capability(
        "supports_margin", options.margin, "May they trade on margin, that is with borrowed money?"
    );
    wishes.capability("supports_futures", options.futures, "May they trade futures?");
    wishes.capability("supports_staking", options.staking, "May they stake your coins (Kraken Earn)?");
    return wishes.settings();
}

void say_how_by_hand(
    const std::string& path, const std::string& reason, const std::vector<Setting>& settings
) {
    print_error(wrap("config.toml was not changed: " + printable(reason) + "."));
    const bool top_level = !settings.empty() && settings.front().table.empty();
    print_error(
        "Please add to " + path + (top_level ? "\n(above its first line with a '['):\n\n" : ":\n\n") +
        toml_lines(settings) + "\nThen restart krakkend.\n\n"
    );
}

// False where there is nothing that the daemon would have to read.
bool write(
    const std::string& path,
    const std::optional<std::string>& text,
    const std::vector<Setting>& settings,
    uid_t daemon
) {
    const auto amended = amend(text, settings);
    if (!amended) {
        say_how_by_hand(path, amended.error(), settings);
        return false;
    }
    for (const KeptSetting& kept : amended->kept)
        print_error(wrap(
            path + " says " + printable(kept.found) + " where setup would write " + dotted(kept.wanted) +
                "; that was left alone.",
            2
        ));
    if (amended->added.empty()) return false;
    if (const auto replaced = replace_config(path, amended->text, daemon); !replaced) {
        say_how_by_hand(path, replaced.error(), amended->added);
        return false;
    }
    std::string added;
    for (const Setting& setting : amended->added)
        added += "  " + dotted(setting) + "\n";
    print_error("Written to " + path + ":\n" + added);
    return true;
}

void reload(client::Client& daemon) {
    const auto reloaded = daemon.request("reload");
    if (!reloaded) {
        const bool unknown = reloaded.error().code == static_cast<int>(protocol::ErrorCode::unknown_method);
        if (!unknown) print_error(explain(reloaded.error()));
        print_error("It takes effect when krakkend is restarted.\n\n");
        return;
    }
    std::string waiting;
    for (const auto name : items(Fields(*reloaded).raw("needs_restart")))
        waiting += (waiting.empty() ? "" : ", ") + shown(name);
    print_error("krakkend has read it.\n");
    if (!waiting.empty()) print_error(wrap("Only after a restart of krakkend: " + waiting, 2));
    print_error("\n");
}

bool names_another_default(const std::optional<std::string>& text, const std::string& account) {
    const auto amended = amend(text, {{"", "default_account", account}});
    return amended && !amended->kept.empty();
}

}  // namespace

void add_profile_options(CLI::App& command, ProfileOptions& options) {
    command.add_option("--region", options.region, "Country or US_STATE, e.g. DE, US_NY [US_CA]")
        ->transform([](const std::string& text) {
            const std::string region = region_of(text);
            if (region.empty())
                throw CLI::ValidationError("--region", "'" + text + "' is no region like US_CA");
            return region;
        })
        ->type_name("REGION");
    command.add_flag("--margin", options.margin, "Allow trading on margin");
    command.add_flag("--futures", options.futures, "Allow trading futures");
    command.add_flag("--staking", options.staking, "Allow staking (Kraken Earn)");
}

bool write_profile(
    client::Client& daemon,
    std::string_view status,
    const ProfileOptions& options,
    const std::string& default_account,
    bool at_terminal
) {
    const std::string path = Fields(Fields(status).raw("config")).text("path");
    // An older daemon does not say where its configuration is.
    if (path.empty()) return !default_account.empty();
    print_error(profile_step);
    const auto text = read_config(path);
    const std::vector<Setting> settings =
        wishes(options, default_account, text.value_or(std::nullopt), at_terminal);
    // Once more, since answers take their time, in which it may have been edited.
    const auto now = read_config(path);
    if (!now) {
        say_how_by_hand(path, now.error(), settings);
    } else if (write(path, *now, settings, owner_of(daemon.socket()))) {
        reload(daemon);
    } else {
        print_error("\n");
    }
    return !default_account.empty() && !names_another_default(now.value_or(std::nullopt), default_account);
}

}  // namespace krakken::ctl
