#include "grant_options.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <chrono>
#include <ctime>
#include <optional>
#include <vector>

#include "arguments.hpp"
#include "fields.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace json = boost::json;

namespace {

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        if (end > begin) parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string after(std::chrono::seconds span) {
    const std::time_t time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + span);
    std::tm parts{};
    gmtime_r(&time, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// "30d", "12h", or a time that the daemon reads.
std::string time_of(const std::string& expires) {
    constexpr std::int64_t longest = 100 * 365;
    const auto number = whole_number(std::string_view(expires).substr(0, expires.size() - 1));
    if (!number) return expires;
    if (*number < 1 || *number > longest) throw UsageError("--expires is 1d to 36500d, or a time");
    if (expires.ends_with('d')) return after(std::chrono::days(*number));
    if (expires.ends_with('h')) return after(std::chrono::hours(*number));
    throw UsageError("--expires is as 30d, 12h or 2030-01-31T12:00:00Z");
}

class Writer {
public:
    explicit Writer(std::string_view before) : grant_(json::parse(before).as_object()) {}

    void list(std::string_view name, const std::string& option) {
        if (const auto text = changed(name, option)) {
            json::array items;
            for (const std::string& part : split(*text))
                items.emplace_back(part);
            grant_[name] = std::move(items);
        }
    }

    void text(std::string_view name, const std::string& option) {
        if (const auto text = changed(name, option)) grant_[name] = *text;
    }

    void count(std::string_view name, const std::string& option) {
        const auto text = changed(name, option);
        if (!text) return;
        const auto number = whole_number(*text);
        if (!number || *number < 0) throw UsageError(std::string(name) + " is a whole number, or none");
        grant_[name] = *number;
    }

    void flag(std::string_view name, const std::string& option) {
        const auto text = changed(name, option);
        if (!text) return;
        if (*text != "true") throw UsageError(std::string(name) + " takes no value but none");
        grant_[name] = true;
    }

    std::string written() const { return json::serialize(grant_); }

private:
    // Empty: it stays as it is, or is gone.
    std::optional<std::string> changed(std::string_view name, const std::string& option) {
        if (option.empty()) return std::nullopt;
        if (option != "none") return option;
        grant_.erase(name);
        return std::nullopt;
    }

    json::object grant_;
};

}  // namespace

const char* const grant_help =
    "--allow names rights, with commas between them: read; trade (includes cancel);\n"
    "cancel; cancel-all (everyone's orders, and the dead man's switch); export;\n"
    "stream (a WebSocket token: the whole account's authority); earn; deposit;\n"
    "withdraw; transfer. The limits bound orders; an order that they cannot judge for\n"
    "certain is refused.";

std::shared_ptr<GrantOptions> add_grant_options(CLI::App& command, Whole whole) {
    auto options = std::make_shared<GrantOptions>();
    auto* accounts = command.add_option("--account", options->accounts, "Which account")->type_name("NAME");
    auto* allow =
        command.add_option("--allow", options->allow, "Rights, e.g. read,trade")->type_name("RIGHTS");
    if (whole == Whole::yes) {
        accounts->required();
        allow->required();
    }
    command.add_option("--pairs", options->pairs, "Orders for these alone")->type_name("PAIRS");
    command.add_option("--side", options->side, "Orders to buy or to sell alone")
        ->check(CLI::IsMember({"buy", "sell", "none"}).description(""))
        ->type_name("SIDE");
    command.add_option("--order-types", options->order_types, "Of these alone, e.g. limit")
        ->type_name("TYPES");
    command.add_option("--max-order-volume", options->max_order_volume, "Of one order, in its base currency")
        ->type_name("V");
    command.add_option("--max-order-notional", options->max_order_notional, "Of one order, e.g. 100USD")
        ->type_name("AMOUNT");
    command.add_option("--max-day-notional", options->max_day_notional, "Of 24 hours, e.g. 1000USD")
        ->type_name("AMOUNT");
    command.add_option("--max-open-orders", options->max_open_orders, "Open at once")->type_name("N");
    command.add_option("--max-calls-per-minute", options->max_calls_per_minute, "Cancels are not held back")
        ->type_name("N");
    command.add_flag("--own-orders", options->own_orders, "Cancels and changes its own alone (=none: all)");
    command.add_option("--hours", options->hours, "UTC, e.g. 08:00-17:30; reads and cancels pass")
        ->type_name("HOURS");
    command.add_option("--expires", options->expires, "30d, 12h, or 2030-01-31T12:00:00Z")->type_name("WHEN");
    command.add_option("--mode", options->mode, "live [default]; validate: no order is real")
        ->check(CLI::IsMember({"live", "validate"}).description(""))
        ->type_name("MODE");
    return options;
}

std::string grant_json(const GrantOptions& options, std::string_view before) {
    Writer grant(before);
    grant.list("accounts", options.accounts);
    grant.list("allow", options.allow);
    grant.list("pairs", options.pairs);
    grant.text("side", options.side);
    grant.list("order_types", options.order_types);
    grant.text("max_order_volume", options.max_order_volume);
    grant.text("max_order_notional", options.max_order_notional);
    grant.text("max_day_notional", options.max_day_notional);
    grant.count("max_open_orders", options.max_open_orders);
    grant.count("max_calls_per_minute", options.max_calls_per_minute);
    grant.flag("own_orders", options.own_orders);
    grant.text("hours", options.hours);
    grant.text(
        "expires_at",
        options.expires.empty() || options.expires == "none" ? options.expires : time_of(options.expires)
    );
    grant.text("mode", options.mode);
    return grant.written();
}

std::string readable_grant(std::string_view result) {
    const Fields grant(result);
    std::vector<Row> rows;
    const auto add = [&rows](std::string name, std::string value) {
        std::ranges::replace(name, '_', ' ');
        rows.push_back({std::move(name), std::move(value)});
    };
    for (const auto& [name, value] : grant.members()) {
        if (name == "account" || name == "keys" || name == "api_key" || name == "api_secret" ||
            name == "left" || name == "warnings")
            continue;
        if (protocol::kind_of(value) != protocol::JsonKind::array) {
            add(name, grant.text(name));
            continue;
        }
        std::string words;
        for (const std::string_view item : items(value))
            words += (words.empty() ? "" : ", ") + shown(item);
        add(name, std::move(words));
    }
    for (const std::string_view key : items(grant.raw("keys"))) {
        const Fields fields(key);
        const std::string ends = fields.text("ends_at");
        add("key", fields.text("key") + (ends.empty() ? "" : ", until " + ends));
    }
    std::string text = render_table({{"NAME"}, {.title = "VALUE"}}, rows);
    for (const std::string_view item : items(grant.raw("warnings")))
        text += wrap("Warning: " + shown(item), 2);
    return text;
}

client::Outcome<std::string> request_with_passphrase(
    client::Client& daemon, const SecretSource& source, std::string_view method, const std::string& params
) {
    if (!source.from_stdin && source.passphrase_file.empty()) {
        auto result = daemon.request(method, params);
        if (result || result.error().reason != "passphrase") return result;
    }
    const auto passphrase = SecretReader(source).passphrase("the passphrase", "Passphrase of the vault: ");
    client::SecretText secret;
    secret.append(std::string_view(params).substr(0, params.size() - 1));
    secret.append(params == "{}" ? "\"passphrase\":" : ",\"passphrase\":");
    secret.append_quoted(passphrase.view());
    secret.append("}");
    return daemon.request(method, secret);
}

}  // namespace krakken::ctl
