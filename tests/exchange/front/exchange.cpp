#include "tests/exchange/front/exchange.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <boost/json.hpp>
#include <stdexcept>

#include "tests/exchange/admission/signature.hpp"
#include "tests/exchange/front/market.hpp"

namespace exchange::front {

namespace {

std::int64_t unix_seconds(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

bool is_error(const std::string& text) {
    return !text.starts_with('W');
}

Attempt to_attempt(const Request& request, const Connection& connection, Time now) {
    const std::string_view target = request.target;
    const auto mark = target.find('?');
    const auto header = [&](const char* name) {
        const std::string* value = request.header(name);
        return value == nullptr ? std::string() : *value;
    };
    Attempt attempt;
    attempt.method = request.method;
    attempt.path = target.substr(0, mark);
    attempt.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    attempt.api_key = header("API-Key");
    attempt.api_sign = header("API-Sign");
    if (const std::string* type = request.header("Content-Type")) attempt.content_type = *type;
    attempt.has_user_agent = request.header("User-Agent") != nullptr;
    attempt.body = request.body;
    attempt.address = connection.address;
    attempt.now = now;
    return attempt;
}

JournalEntry to_entry(const Request& request, const Connection& connection, Time now) {
    JournalEntry entry;
    entry.time = now;
    entry.connection = connection.id;
    entry.address = connection.address;
    entry.tls_version = connection.tls_version;
    entry.server_name = connection.server_name;
    entry.method = request.method;
    entry.target = request.target;
    entry.headers = request.headers;
    entry.body = request.body;
    entry.endpoint = endpoint_of(request.target);
    return entry;
}

void note_verdict(JournalEntry& entry, const Verdict& verdict) {
    if (verdict.key != nullptr) {
        entry.account = verdict.key->account;
        entry.key_name = verdict.key->name;
    }
    entry.nonce = verdict.nonce;
    entry.nonce_used = verdict.nonce_used;
    entry.refused_by = verdict.refused_by;
    entry.detail = verdict.detail;
    if (!verdict.error.empty()) entry.errors = {verdict.error};
}

// Counts the request among those of its key until the last copy is gone.
std::shared_ptr<void> count_in_flight(const ApiKey* key) {
    if (key == nullptr) return nullptr;
    ++*key->in_flight;
    return {nullptr, [count = key->in_flight](void*) { --*count; }};
}

Answer websocket_token() {
    std::string bytes(32, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), 32) != 1)
        throw std::runtime_error("no random bytes");
    std::string token = encode_base64(bytes);
    std::erase_if(token, [](char letter) { return letter == '+' || letter == '/' || letter == '='; });
    Answer answer;
    answer.result = R"({"token":")" + token + R"(","expires":900})";
    return answer;
}

bool is_answered_here(std::string_view name) {
    return name == "GetApiKeyInfo" || name == "GetWebSocketsToken";
}

}  // namespace

std::string endpoint_of(const std::string& target) {
    const std::string path = target.substr(0, target.find('?'));
    for (const std::string_view prefix : {"/0/private/", "/0/public/"}) {
        if (path.starts_with(prefix)) return path.substr(prefix.size());
    }
    return {};
}

Exchange::Exchange(Config config) : start_(std::move(config)) {
    reset();
}

void Exchange::reset() {
    switches_ = start_.switches;
    ring_ = start_.ring;
    clock_ = {};
    const std::int64_t now = unix_seconds(clock_.now());
    for (auto& [api_key, key] : ring_.keys) {
        key.created = key.modified = now;
        key.in_flight = std::make_shared<std::int64_t>(0);  // the copies of the start would share theirs
    }
    admission_.emplace(switches_, ring_);
    venue_ = std::make_unique<Venue>(start_.market);
    for (const auto& [name, account] : ring_.accounts)
        open_account(account);
    try_market();
    faults_ = Faults(start_.market.seed);
    journal_.clear();
    executed_ = 0;
}

// The venue reads prices and volumes among its settings when it needs them, and throws std::invalid_argument
// on what is none: better now than in the middle of somebody's call.
void Exchange::try_market() {
    const Params pair{{"pair", Param{.kind = Param::Kind::text, .text = "XBTUSD", .items = {}, .members = {}}}
    };
    venue_->answer({.endpoint = "Ticker", .params = {}, .now = clock_.now()});
    venue_->answer({.endpoint = "Depth", .params = pair, .now = clock_.now()});
}

void Exchange::open_account(const Account& account) {
    venue_->add_account(account.name, account.tier, account.balances);
    for (const auto& [key, asset, address] : account.withdraw_addresses) {
        venue_->add_withdraw_address(account.name, key, asset, address);
    }
}

std::string_view Exchange::account_of(const Request& request) const {
    const std::string* api_key = request.header("API-Key");
    if (api_key == nullptr) return {};
    const auto key = ring_.keys.find(*api_key);
    return key == ring_.keys.end() ? std::string_view{} : key->second.account;
}

Outcome Exchange::handle(
    const Request& request,
    const Connection& connection,
    Reach reach,
    const std::string& fault,
    std::uint64_t duplicate_of
) {
    const Time now = clock_.now();
    JournalEntry entry = to_entry(request, connection, now);
    entry.fault = fault;
    entry.duplicate_of = duplicate_of;
    Outcome outcome;
    if (reach != Reach::nowhere) {
        Verdict verdict = admission_->judge(to_attempt(request, connection, now));
        outcome.admitted = verdict.refused_by.empty();
        outcome.reply = to_reply(verdict);
        if (outcome.admitted) {
            outcome.in_flight = count_in_flight(verdict.key);
            if (reach == Reach::venue) execute(verdict, now, outcome, entry);
            if (verdict.key != nullptr) ring_.find(verdict.key->api_key)->last_used = unix_seconds(now);
        }
        note_verdict(entry, verdict);
    }
    outcome.journal_id = journal_.add(std::move(entry));
    return outcome;
}

void Exchange::execute(Verdict& verdict, Time now, Outcome& outcome, JournalEntry& entry) {
    const Answer answered = answer(verdict, now);
    outcome.reply = to_reply(answered);
    entry.errors = answered.errors;
    entry.executed = std::ranges::none_of(answered.errors, is_error);
    if (entry.executed) {
        ++executed_;
        if (verdict.name == "Earn/Deallocate")
            outcome.reply.status = static_cast<unsigned>(switches_.deallocate_status);
        return;
    }
    const bool bad_arguments = std::ranges::all_of(answered.errors, [](const std::string& text) {
        return text.starts_with("EGeneral:Invalid arguments");
    });
    admission_->refuse_later(verdict, bad_arguments ? "arguments" : "business");
}

Answer Exchange::answer(const Verdict& verdict, Time now) {
    if (verdict.key == nullptr) {
        return venue_->answer({.endpoint = verdict.name, .params = verdict.params, .now = now});
    }
    if (is_answered_here(verdict.name)) {
        if (!verdict.params.empty() && venue_->settings().refuse_unknown_parameters) {
            Answer refused;
            refused.errors = {"EGeneral:Invalid arguments:" + verdict.params.front().first};
            return refused;
        }
        return verdict.name == "GetApiKeyInfo" ? key_info(verdict) : websocket_token();
    }
    const Caller caller{
        .account = verdict.key->account,
        .tier = ring_.accounts.at(verdict.key->account).tier,
        .permissions = verdict.key->permissions,
    };
    return venue_->answer({.endpoint = verdict.name, .params = verdict.params, .caller = &caller, .now = now}
    );
}

Answer Exchange::key_info(const Verdict& verdict) const {
    const ApiKey& key = *verdict.key;
    boost::json::object info;
    info["apiKeyName"] = key.name;
    info["apiKey"] = key.api_key;
    info["nonce"] = std::to_string(key.nonces.highest());
    info["nonceWindow"] = key.nonce_window;
    info["permissions"] = boost::json::value_from(key.permissions);
    info["iban"] = venue_->iban(key.account);
    info["validUntil"] = std::to_string(key.valid_until);
    info["queryFrom"] = "0";
    info["queryTo"] = "0";
    info["createdTime"] = std::to_string(key.created);
    info["modifiedTime"] = std::to_string(key.modified);
    info["ipAllowlist"] = boost::json::value_from(key.ip_allowlist);
    info["lastUsed"] = nullptr;
    if (key.last_used != 0) info["lastUsed"] = std::to_string(key.last_used);
    Answer answer;
    answer.result = boost::json::serialize(info);
    return answer;
}

std::string Exchange::envelope(const std::vector<std::string>& errors, const std::string& result) const {
    std::string text = R"({"error":)" + boost::json::serialize(boost::json::value_from(errors));
    if (!result.empty()) {
        text += R"(,"result":)" + result;
    } else if (switches_.result_on_error != "absent") {
        text += switches_.result_on_error == "null" ? R"(,"result":null)" : R"(,"result":{})";
    }
    return text + "}";
}

Reply Exchange::error_reply(const std::string& error) const {
    Reply reply;
    reply.body = envelope({error}, "");
    return reply;
}

Reply Exchange::to_reply(const Verdict& verdict) const {
    if (verdict.status == 404 && verdict.error.empty()) return html_page(404);
    if (verdict.status == 429) {
        Reply page = html_page(429);
        if (switches_.retry_after_seconds > 0) {
            page.headers.emplace_back("Retry-After", std::to_string(switches_.retry_after_seconds));
        }
        return page;
    }
    Reply reply = error_reply(verdict.error);
    reply.status = verdict.status;
    return reply;
}

Reply Exchange::to_reply(const Answer& answer) const {
    Reply reply;
    reply.content_type = answer.content_type;
    // Only an export's bytes have a content type of their own, and only when there is no error to tell.
    const bool is_json = answer.content_type == "application/json";
    reply.body = is_json ? envelope(answer.errors, answer.result) : answer.result;
    return reply;
}

std::expected<void, std::string> Exchange::set_switch(
    std::string_view name, const boost::json::value& value
) {
    if (!is_market_setting(name)) return switches_.set(name, value);
    const Settings before = venue_->settings();
    const auto set = set_market(venue_->settings(), name, value);
    if (!set) return set;
    try {
        try_market();
        return {};
    } catch (const std::invalid_argument& wrong) {
        venue_->settings() = before;
        return std::unexpected(std::string(name) + ": " + wrong.what());
    }
}

}  // namespace exchange::front
