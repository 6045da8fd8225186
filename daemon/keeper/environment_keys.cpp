#include "keeper/environment_keys.hpp"

#include "candidate.hpp"
#include "contents.hpp"
#include "protocol/credential_names.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>

namespace krakken::keeper {

using base::AccountName;
using base::SecretBytes;
using protocol::CredentialField;
using protocol::CredentialName;
using protocol::ErrorCode;
using protocol::Result;
using ConstBytes = std::span<const unsigned char>;
using MutableBytes = std::span<unsigned char>;

namespace {

// A variable that was taken out of the environment.
struct Variable {
    CredentialName name;
    Range value;  // among the taken values; of no length when blank
};

struct Taken {
    std::vector<Variable> variables;
    SecretBytes values;  // all in one block: each costs a locked page
};

struct Pair {
    AccountName account;
    const Variable* api_key = nullptr;
    const Variable* api_secret = nullptr;
};

std::optional<Variable> read_entry(std::string_view entry) {
    const auto equals = entry.find('=');
    auto name = equals == std::string_view::npos ? std::nullopt
                                                 : protocol::parse_credential_name(entry.substr(0, equals));
    if (!name) return std::nullopt;
    return Variable{.name = std::move(*name), .value = {}};
}

// No key has white space, and the newline that came with a value out of a file would make Kraken answer
// "EAPI:Invalid key" and, in the end, lock us out. A service starts without a person who could paste the
// value again, so what stands around it is left off instead of refused; white space within it is no key's
// shape.
std::string_view trimmed(std::string_view value) {
    constexpr std::string_view white_space = " \t\n\r\v\f";
    const auto first = value.find_first_not_of(white_space);
    if (first == std::string_view::npos) return {};
    return value.substr(first, value.find_last_not_of(white_space) - first + 1);
}

// Copies the values to protected memory, wipes the entries where they stand (the kernel shows that memory as
// /proc/self/environ) and closes the gaps in the list, as unsetenv() does.
Taken take_variables(char** environment) {
    std::size_t bytes = 0;
    for (char** entry = environment; *entry != nullptr; ++entry) {
        if (read_entry(*entry)) bytes += std::strlen(*entry);
    }
    Taken taken{.variables = {}, .values = SecretBytes(bytes)};
    taken.values.fill([&](MutableBytes target) {
        std::size_t used = 0;
        char** kept = environment;
        for (char** entry = environment; *entry != nullptr; ++entry) {
            auto variable = read_entry(*entry);
            if (!variable) {
                *kept++ = *entry;
                continue;
            }
            const std::string_view whole = *entry;
            const std::string_view value = trimmed(whole.substr(whole.find('=') + 1));
            std::ranges::copy(value, target.subspan(used).begin());
            variable->value = {used, value.size()};
            used += value.size();
            taken.variables.push_back(std::move(*variable));
            sodium_memzero(*entry, whole.size());
        }
        *kept = nullptr;
    });
    return taken;
}

// From what was taken to keys that can sign. Lives while the values can be read.
class Judge {
public:
    Judge(const Taken& taken, ConstBytes values) : taken_(taken), values_(values) {}

    Result<EnvironmentKeys> keys() {
        if (auto done = find_pairs(); !done) return std::unexpected(std::move(done.error()));
        if (auto done = join_masters(); !done) return std::unexpected(std::move(done.error()));
        for (const auto& [origin, pair] : pairs_)
            add(pair);
        return EnvironmentKeys{.records = std::move(records_), .warnings = std::move(warnings_)};
    }

private:
    // Pairs by what their variables have in common: for users the account, so that spellings which fold to
    // one name meet here; account master has two, of which one may be half.
    Result<void> find_pairs() {
        for (const Variable& variable : taken_.variables) {
            const auto account = AccountName::parse(variable.name.account());
            if (!account) {
                warnings_.push_back(fmt::format(
                    "{:.80} is ignored: it gives no account name of 1 to 64 characters", variable.name.text()
                ));
                continue;
            }
            if (variable.value.length == 0) continue;  // blank is as good as missing
            const std::string& origin = variable.name.is_users() ? account->text() : variable.name.stem;
            Pair& pair = pairs_.try_emplace(origin, Pair{*account}).first->second;
            const bool is_key = variable.name.field == CredentialField::api_key;
            const Variable*& place = is_key ? pair.api_key : pair.api_secret;
            if (place == nullptr) place = &variable;
            if (auto same = check_same(*place, variable, *account); !same) return same;
        }
        std::erase_if(pairs_, [this](const auto& entry) { return is_half(entry.second); });
        return {};
    }

    bool is_half(const Pair& pair) {
        if (pair.api_key != nullptr && pair.api_secret != nullptr) return false;
        const Variable& there = pair.api_key != nullptr ? *pair.api_key : *pair.api_secret;
        const auto missing = pair.api_key != nullptr ? CredentialField::api_secret : CredentialField::api_key;
        warnings_.push_back(fmt::format(
            "{} is missing or blank, so {} is ignored", there.name.text(missing), there.name.text()
        ));
        return true;
    }

    Result<void> join_masters() {
        const auto only = pairs_.find(std::string(CredentialName::only_stem));
        const auto master = pairs_.find(std::string(CredentialName::master_stem));
        if (only == pairs_.end() || master == pairs_.end()) return {};
        const Pair pair = master->second;
        pairs_.erase(master);
        auto same = check_same(*only->second.api_key, *pair.api_key, pair.account);
        if (!same) return same;
        return check_same(*only->second.api_secret, *pair.api_secret, pair.account);
    }

    // To guess which of two keys is meant could move money on the wrong account.
    Result<void> check_same(const Variable& one, const Variable& other, const AccountName& account) const {
        const ConstBytes first = one.value.of(values_);
        const ConstBytes second = other.value.of(values_);
        if (first.size() == second.size() && sodium_memcmp(first.data(), second.data(), first.size()) == 0)
            return {};
        return std::unexpected(
            protocol::make_error(
                ErrorCode::invalid_params,
                fmt::format(
                    "{} and {} both belong to account {}, and differ",
                    one.name.text(),
                    other.name.text(),
                    account.text()
                )
            )
                .with_remedy("leave only the right one in the environment that krakkend is started with")
        );
    }

    void add(const Pair& pair) {
        const NewKey key{
            .account = pair.account,
            .api_key = text(*pair.api_key),
            .api_secret = text(*pair.api_secret),
            .otp = std::nullopt,
        };
        auto candidate = make_candidate(key, {pair.api_key->name.text(), pair.api_secret->name.text()});
        if (!candidate) {
            warnings_.push_back(
                fmt::format("account {} is left out: {}", pair.account.text(), candidate.error().message)
            );
            return;
        }
        for (const std::string& warning : candidate->warnings)
            warnings_.push_back(fmt::format("account {}: {}", pair.account.text(), warning));
        const auto before = Contents::parse(std::move(records_));
        records_ = before.value().with(candidate->contents, std::nullopt);
    }

    SecretText text(const Variable& variable) const {
        const ConstBytes value = variable.value.of(values_);
        return SecretText::copy_of({reinterpret_cast<const char*>(value.data()), value.size()});
    }

    const Taken& taken_;
    ConstBytes values_;
    std::map<std::string, Pair> pairs_;
    SecretBytes records_;
    std::vector<std::string> warnings_;
};

Result<EnvironmentKeys> take(char** environment) {
    const Taken taken = take_variables(environment);
    return taken.values.use([&](ConstBytes values) { return Judge(taken, values).keys(); });
}

}  // namespace

Result<EnvironmentKeys> take_environment_keys(char** environment) {
    auto keys = take(environment);
    // Copying goes through vector registers, and a first call into a shared library saves these on the stack.
    sodium_stackzero(std::size_t{16} << 10);
    return keys;
}

}  // namespace krakken::keeper
