#include "account/accounts.hpp"

#include "base/log.hpp"
#include "nonce/legacy.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <utility>

namespace krakken::account {

using base::log;
using base::LogLevel;
using keeper::VaultState;
using protocol::ErrorCode;
using std::chrono::steady_clock;

namespace {

std::set<base::AccountName> names_of(const std::map<base::AccountName, std::shared_ptr<Account>>& accounts) {
    std::set<base::AccountName> names;
    for (const auto& [name, account] : accounts)
        names.insert(name);
    return names;
}

std::unexpected<protocol::Error> unknown_account(
    std::string sentence, const std::set<base::AccountName>& names
) {
    boost::json::array shown;
    for (const base::AccountName& name : names)
        shown.emplace_back(name.text());
    return std::unexpected(protocol::make_error(ErrorCode::unknown_account, std::move(sentence))
                               .with("accounts", std::move(shown)));
}

bool has_one_of(const Account& account, const std::vector<KeyOnLane>& keys) {
    return std::ranges::any_of(account.keys(), [&](const auto& has) {
        return std::ranges::any_of(keys, [&](const KeyOnLane& key) {
            return key.info.key == has->info().key;
        });
    });
}

protocol::Error read_later() {
    protocol::Error error = protocol::make_error(ErrorCode::overloaded, "another nonce file is being read");
    error.retryable = true;
    return error;
}

// A disk may take its time, which calls have not got: a thread of its own reads the file.
awaitable<Result<std::uint64_t>> read_beside_the_loop(std::filesystem::path file) {
    boost::asio::thread_pool pool(1);
    const auto read = [](std::filesystem::path path) -> awaitable<Result<std::uint64_t>> {
        co_return nonce::read_legacy_file(path);
    };
    auto floor = co_await boost::asio::co_spawn(pool, read(std::move(file)), boost::asio::use_awaitable);
    co_return floor;
}

}  // namespace

Accounts::Accounts(Services services, AccountSettings settings)
    : services_(std::move(services)),
      settings_(std::move(settings)),
      public_calls_(services_.executor, services_.clock),
      public_reads_(services_.executor) {
    public_calls_.configure(settings_.rate_model);
}

void Accounts::configure(AccountSettings settings) {
    settings_ = std::move(settings);
    public_calls_.configure(settings_.rate_model);
    for (const auto& [key, account] : known_)
        account->configure(settings_.retry, settings_.placement);
    refresh();
}

void Accounts::refresh() {
    accounts_.clear();
    std::map<base::AccountName, std::vector<KeyOnLane>> keys;
    std::size_t lanes = 0;
    for (keeper::KeyInfo& info : services_.keeper.list()) {
        const base::AccountName name = info.account;
        if (info.source == keeper::Source::environment) environment_.insert(name);
        info.tier = options_of(name).tier.value_or(info.tier);
        if (draining_.contains(info.key)) continue;
        auto lane = lane_of(info.key, name);
        auto permissions = told_[info.key].permissions;
        keys[name].push_back({std::move(info), std::move(lane), std::move(permissions)});
        ++lanes;
    }
    for (auto& [name, serving] : keys) {
        auto& account = known_[name];
        // What was counted for one key is not said of an altogether different one.
        if (account && has_one_of(*account, serving)) {
            account->serve_with(std::move(serving), draining_);
            account->placements().resume();
        } else {
            account = Account::open(services_, settings_.retry, settings_.placement, std::move(serving));
            if (adopted_.insert(name).second)
                account->placements().adopt(services_.store.intents_at_start(), settled_by_word_);
        }
        account->keep_to_limits(settings_.rate_model);
        accounts_.emplace(name, account);
    }
    services_.api.keep_warm(lanes);
}

const AccountOptions& Accounts::options_of(const base::AccountName& name) const {
    static const AccountOptions usual;
    const auto options = settings_.accounts.find(name);
    return options == settings_.accounts.end() ? usual : options->second;
}

std::shared_ptr<Lane> Accounts::lane_of(const base::KeyId& key, const base::AccountName& name) {
    auto& lane = lanes_[key];
    if (!lane) lane = std::make_shared<Lane>(services_, key);
    // Each time, since a key may serve under two names, and either may have had a nonce file.
    const auto floor = settings_.legacy_nonces.find(name);
    if (floor != settings_.legacy_nonces.end()) lane->raise_floor(floor->second);
    lane->set_unit(options_of(name).nonce_unit);
    return lane;
}

Result<std::shared_ptr<Account>> Accounts::find(const std::optional<std::string>& wanted) const {
    if (wanted) return find_named(*wanted);
    if (settings_.default_account.empty()) return find_only();
    auto found = find_named(settings_.default_account);
    if (!found && found.error().code == ErrorCode::unknown_account)
        found.error().message = "default_account in config.toml names no account that is there";
    return found;
}

// That account or none: no other key stands in for one that is not there now. A name that is not known while
// the vault is closed may be in it.
Result<std::shared_ptr<Account>> Accounts::find_named(const std::string& wanted) const {
    const auto name = base::AccountName::parse(wanted);
    if (name) {
        if (const auto found = accounts_.find(*name); found != accounts_.end()) return found->second;
        if (services_.keeper.needs_restart(*name)) return std::unexpected(protocol::wiped_error());
    }
    if (auto error = nothing_open()) return std::unexpected(std::move(*error));
    return unknown_account("no account has that name", names_of(accounts_));
}

// A call without a name goes where it would have gone before a lock or an unlock, or nowhere. So an account
// of the environment counts even when a lock has wiped it: what is left then is not what its callers meant.
// While the vault is locked, the one account of the environment is the only one; should the vault turn out
// to hold more, such calls are refused from then on, and none has gone to another account.
Result<std::shared_ptr<Account>> Accounts::find_only() const {
    std::set<base::AccountName> known = names_of(accounts_);
    known.insert(environment_.begin(), environment_.end());
    if (known.size() == 1) return find_named(known.begin()->text());
    if (known.size() > 1) return unknown_account("several accounts are there; say which one", known);
    return std::unexpected(nothing_open().value());  // empty only while there are accounts
}

std::optional<protocol::Error> Accounts::nothing_open() const {
    if (services_.keeper.state() != VaultState::unlocked) return keeper::not_open_error(services_.keeper);
    if (!accounts_.empty()) return std::nullopt;
    return protocol::make_error(ErrorCode::no_credentials, "the vault holds no account yet")
        .with_remedy("run: krakkenctl account add NAME");
}

awaitable<Result<std::string>> Accounts::call_public(Call call) {
    const auto* endpoint = call.endpoint;
    auto outcome =
        co_await public_reads_.read(std::move(call), [this](const Call& each, SharedReads::Flight& flight) {
            return make_public(each, flight);
        });
    if (outcome && endpoint->name == "SystemStatus") hear_system_status(*outcome);
    co_return outcome;
}

awaitable<Result<std::string>> Accounts::make_public(const Call& call, SharedReads::Flight& flight) {
    const auto query = call.parameters.query();
    if (!query) co_return std::unexpected(query.error());
    const SendOnce send_once = [&] { return send_public(call, *query, flight); };
    auto outcome = co_await make_call(services_.api, services_.clock, call, settings_.retry, send_once);
    co_return outcome;
}

awaitable<Result<kraken::Attempt>> Accounts::send_public(
    const Call& call, std::string query, SharedReads::Flight& flight
) {
    const auto turn = std::min(steady_clock::now() + call.max_wait, call.deadline);
    const auto entered = co_await public_calls_.enter({call.endpoint, call.caller.client()}, turn);
    if (!entered) co_return std::unexpected(entered.error());
    public_reads_.sent(flight);
    kraken::Attempt attempt =
        co_await services_.api.call_public(*call.endpoint, std::move(query), call.deadline);
    public_calls_.end(attempt);
    co_return attempt;
}

// {"status":"online","timestamp":"..."}: what it says of the market holds for every account.
void Accounts::hear_system_status(std::string_view result) {
    const auto members = protocol::split_object(result, protocol::max_reply_depth);
    const auto* status = members ? protocol::find(*members, "status") : nullptr;
    if (!status || protocol::kind_of(status->value) != protocol::JsonKind::string) return;
    for (const auto& [name, account] : accounts_)
        account->limits().system_is(protocol::decode_string(status->value));
}

std::vector<std::shared_ptr<Account>> Accounts::list() const {
    std::vector<std::shared_ptr<Account>> all;
    for (const auto& [name, account] : accounts_)
        all.push_back(account);
    return all;
}

// Which of several keys the old program used is not known, and above its number all of them are right.
awaitable<Result<std::uint64_t>> Accounts::import_nonce(base::AccountName name, std::filesystem::path file) {
    const auto account = find(name.text());
    if (!account) co_return std::unexpected(account.error());
    if (reading_) co_return std::unexpected(read_later());
    reading_ = true;
    const auto floor = co_await read_beside_the_loop(std::move(file));
    reading_ = false;
    if (!floor) co_return std::unexpected(floor.error());
    std::uint64_t highest = 0;
    const std::vector<std::shared_ptr<Key>> keys = (*account)->keys();
    for (const auto& key : keys) {
        const auto& lane = key->lane();
        const auto last = co_await lane->import(*floor, steady_clock::now() + settings_.validation_timeout);
        if (!last) co_return last;
        highest = std::max(highest, *last);
        log(LogLevel::info,
            "nonce.imported",
            {{"account", name.text()}, {"key", lane->key().hex()}, {"last", *last}});
    }
    co_return highest;
}

}  // namespace krakken::account
