// Files of lines NAME=value, as shells, Docker and the dotenv libraries read them. There is no standard: what
// all of them agree on is read here, and where they differ for one of our variables it is refused. In detail:
// empty lines and lines that begin with '#' say nothing; "export " may stand before the name and blanks
// around
// '='; a value may stand in '...' or "...", also over several lines; without quotes it ends at a '#' behind a
// blank, or with the line. Escapes and references to other variables are not resolved: no key holds any.

#include <algorithm>
#include <optional>
#include <utility>

#include "arguments.hpp"
#include "foreign_keys.hpp"
#include "protocol/account_name.hpp"
#include "protocol/credential_names.hpp"

namespace krakken::ctl {

using protocol::CredentialField;

namespace {

constexpr std::string_view blanks = " \t\r";
// Views into the file's text.
struct Assignment {
    std::string_view name;
    std::string_view value;
    bool clear = true;  // false: the value's quotes do not end where the value ends
};

void skip(std::string_view& text, std::string_view characters) {
    text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

// The place of the quote that ends what text begins with; npos: there is none.
std::size_t closing_quote(std::string_view text) {
    const char quote = text.front();
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (text[at] == quote) return at;
        if (text[at] == '\\' && quote == '"') ++at;
    }
    return std::string_view::npos;
}

// The value that text begins with; it may reach beyond the line. Sets how much of text it takes.
Assignment read_value(std::string_view name, std::string_view text, std::size_t& taken) {
    const std::string_view line = first_line(text);
    taken = line.size();
    if (line.starts_with('"') || line.starts_with('\'')) {
        const std::size_t end = closing_quote(text);
        if (end == std::string_view::npos) return {name, line, false};
        std::string_view behind = first_line(text.substr(end + 1));
        const std::size_t whole = end + 1 + behind.size();
        skip(behind, blanks);
        // What looks closed by a quote of a later line is taken for one line that is in disorder.
        if (!behind.empty() && behind.front() != '#') return {name, line, false};
        taken = whole;
        return {name, text.substr(1, end - 1), true};
    }
    std::size_t end = 0;
    while (end < line.size() && !(line[end] == '#' && (end == 0 || blanks.contains(line[end - 1]))))
        ++end;
    return {name, line.substr(0, end), true};
}

// Takes the next assignment off the text; none: there is no more.
std::optional<Assignment> next(std::string_view& text) {
    while (!text.empty()) {
        skip(text, " \t\r\n");
        std::string_view rest = text;
        const std::string_view line = first_line(text);
        const std::size_t equals = line.find('=');
        if (line.starts_with('#') || equals == std::string_view::npos) {
            text.remove_prefix(line.size());
            continue;
        }
        std::string_view name = line.substr(0, equals);
        constexpr std::string_view exported = "export";
        if (name.starts_with(exported) && name.size() > exported.size() &&
            blanks.contains(name[exported.size()]))
            name.remove_prefix(exported.size());
        rest.remove_prefix(equals + 1);
        skip(rest, blanks);
        std::size_t taken = 0;
        const Assignment assignment = read_value(trimmed(name), rest, taken);
        rest.remove_prefix(taken);
        text = rest;
        return assignment;
    }
    return std::nullopt;
}

struct Variable {
    protocol::CredentialName name;
    std::string_view value;  // empty: missing or blank
};

// A variable that gives a key or a secret.
std::optional<Variable> as_ours(const Assignment& assignment) {
    auto name = protocol::parse_credential_name(assignment.name);
    if (!name) return std::nullopt;
    Variable variable{.name = std::move(*name), .value = trimmed(assignment.value)};
    if (!assignment.clear)
        throw UsageError("the value of " + variable.name.text() + " does not end with its quote");
    if (variable.value.contains('$'))
        throw UsageError(variable.name.text() + " refers to another variable ('$'): write its value there");
    return variable;
}

struct Pair {
    std::string origin;  // what its variables have in common: for users the account, else the stem
    std::string account;
    std::optional<Variable> api_key;
    std::optional<Variable> api_secret;

    bool is_whole() const { return api_key && api_secret; }
};

// To guess which of two keys is meant could move money on the wrong account.
void require_same(const Variable& one, const Variable& other) {
    if (one.value == other.value) return;
    const std::string first = one.name.text();
    if (first == other.name.text()) throw UsageError(first + " is given twice, and differs");
    throw UsageError(
        first + " and " + other.name.text() + " belong to one account, and differ: leave only the right one"
    );
}

class Collector {
public:
    void add(const Variable& variable) {
        const std::string account = variable.name.account();
        if (!protocol::is_account_name(account)) {
            found_.left_out.push_back(
                variable.name.text().substr(0, 80) +
                " is left out: it gives no account name of 1 to 64 characters"
            );
            return;
        }
        if (variable.value.empty()) return;
        Pair& pair = pair_of(variable.name.is_users() ? account : variable.name.stem, account);
        const bool is_key = variable.name.field == CredentialField::api_key;
        std::optional<Variable>& place = is_key ? pair.api_key : pair.api_secret;
        if (!place) place = variable;
        require_same(*place, variable);
    }

    ForeignKeys keys() {
        for (const Pair& pair : pairs_)
            if (!pair.is_whole()) leave_out(pair);
        std::erase_if(pairs_, [](const Pair& pair) { return !pair.is_whole(); });
        for (const Pair& pair : pairs_)
            take(pair);
        return std::move(found_);
    }

private:
    Pair& pair_of(const std::string& origin, const std::string& account) {
        const auto there = std::ranges::find(pairs_, origin, &Pair::origin);
        if (there != pairs_.end()) return *there;
        return pairs_.emplace_back(Pair{.origin = origin, .account = account, .api_key = {}, .api_secret = {}}
        );
    }

    void leave_out(const Pair& pair) {
        const Variable& there = pair.api_key ? *pair.api_key : *pair.api_secret;
        const auto missing = pair.api_key ? CredentialField::api_secret : CredentialField::api_key;
        found_.left_out.push_back(
            there.name.text(missing) + " is missing or blank, so " + there.name.text() + " is left out"
        );
    }

    // Account master may have two pairs, which then are the same.
    void take(const Pair& pair) {
        const auto other = std::ranges::find(pairs_, pair.account, &Pair::account);
        require_same(*other->api_key, *pair.api_key);
        require_same(*other->api_secret, *pair.api_secret);
        if (&*other != &pair) return;
        ForeignKey& key = found_.pairs.emplace_back();
        key.account = pair.account;
        key.api_key.append(pair.api_key->value);
        key.api_secret.append(pair.api_secret->value);
    }

    std::vector<Pair> pairs_;
    ForeignKeys found_;
};

}  // namespace

ForeignKeys read_dotenv(std::string_view text) {
    Collector collector;
    while (const auto assignment = next(text))
        if (const auto variable = as_ours(*assignment)) collector.add(*variable);
    return collector.keys();
}

}  // namespace krakken::ctl
