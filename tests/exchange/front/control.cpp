#include "tests/exchange/front/control.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <optional>

#include "tests/exchange/front/market.hpp"

namespace exchange::front {

namespace {

namespace json = boost::json;

std::int64_t milliseconds(Time time) {
    return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

Reply ok(const json::value& value) {
    Reply reply;
    reply.body = json::serialize(value) + "\n";
    return reply;
}

Reply bad(std::string_view problem, unsigned status = 400) {
    Reply reply = ok({{"problem", problem}});
    reply.status = status;
    return reply;
}

std::expected<json::object, std::string> parse_object(const std::string& body) {
    json::error_code error;
    json::value value = json::parse(body.empty() ? "{}" : body, error);
    if (error) return std::unexpected("not JSON: " + error.message());
    if (!value.is_object()) return std::unexpected("not a JSON object");
    return std::move(value.get_object());
}

// A number of the query, such as since=17; nothing if it is not there or is no number.
std::optional<std::uint64_t> number_of(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto ampersand = query.find('&');
        const std::string_view field = query.substr(0, ampersand);
        query.remove_prefix(ampersand == std::string_view::npos ? query.size() : ampersand + 1);
        if (!field.starts_with(name) || field.size() <= name.size() || field[name.size()] != '=') continue;
        const std::string_view digits = field.substr(name.size() + 1);
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error == std::errc{} && end == digits.data() + digits.size()) return number;
    }
    return std::nullopt;
}

json::object key_state(const ApiKey& key, const KeyRing& ring) {
    const Tier tier = ring.accounts.at(key.account).tier;
    return {
        {"account", key.account},
        {"name", key.name},
        {"api_key", key.api_key},
        {"tier", tier_name(tier)},
        {"permissions", json::value_from(key.permissions)},
        {"nonce", std::to_string(key.nonces.highest())},
        {"nonce_window", key.nonce_window},
        {"counter_thousandths", key.counter.thousandths()},
        {"counter_maximum_thousandths", RestCounter::maximum(tier) * 1000},
        {"in_flight", *key.in_flight},
        {"calls", key.calls},
        {"refused", key.refused},
        {"nonces_refused", key.nonces_refused},
    };
}

json::object order_state(const KnownOrder& order) {
    return {
        {"txid", order.txid},
        {"status", order.status},
        {"type", order.side},
        {"ordertype", order.kind},
        {"vol", order.volume},
        {"vol_exec", order.filled},
        {"cl_ord_id", order.cl_ord_id},
        {"userref", order.userref},
        {"amended", order.amended},
    };
}

}  // namespace

Reply Control::handle(const Request& request) {
    const std::string_view target = request.target;
    const auto mark = target.find('?');
    const std::string_view path = target.substr(0, mark);
    const std::string_view query =
        mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    const bool get = request.method == "GET";
    const bool post = request.method == "POST";
    if (path == "/state" && get) return state();
    if (path == "/journal" && get) return journal(query);
    if (path == "/orders" && get) return orders();
    if (path == "/audit" && get) return audit();
    if (path == "/faults" && get) return list_faults();
    if (path == "/faults" && post) return add_fault(request.body);
    if (path == "/faults" && request.method == "DELETE") return remove_faults(query);
    if (path == "/clock" && get) return show_clock();
    if (path == "/clock" && post) return set_clock(request.body);
    if (path == "/switches" && get) return show_switches();
    if (path == "/switches" && post) return set_switches(request.body);
    if (path == "/accounts" && post) return put_account(request.body);
    if (path == "/reset" && post) return reset();
    return bad(
        "GET /state /journal?since=N&limit=N /orders /audit /faults /clock /switches, POST /faults /clock "
        "/switches "
        "/accounts /reset, "
        "DELETE /faults?id=N",
        404
    );
}

Reply Control::state() const {
    json::array keys;
    for (const auto& [api_key, key] : exchange_.ring().keys)
        keys.push_back(key_state(key, exchange_.ring()));
    json::array lockouts;
    for (const auto& [subject, entry] : exchange_.lockouts().entries()) {
        lockouts.push_back(
            {{"subject", subject}, {"failures", entry.failures}, {"until_ms", milliseconds(entry.until)}}
        );
    }
    json::object orders;
    for (const auto& [name, account] : exchange_.ring().accounts) {
        orders[name] = exchange_.venue().orders_executed(name);
    }
    const ConnectionCounts counts = hooks_.counts();
    return ok(
        {{"now_ms", milliseconds(exchange_.clock().now())},
         {"keys", std::move(keys)},
         {"lockouts", std::move(lockouts)},
         {"requests", exchange_.journal().last_id()},
         {"executed", exchange_.executed()},
         {"orders_executed", std::move(orders)},
         {"faults", exchange_.faults().all().size()},
         {"connections",
          {{"open", counts.open},
           {"accepted", counts.accepted},
           {"handshakes_failed", counts.handshakes_failed}}}}
    );
}

Reply Control::journal(std::string_view query) const {
    const std::uint64_t since = number_of(query, "since").value_or(0);
    const std::uint64_t limit = number_of(query, "limit").value_or(10000);
    json::array entries;
    for (const JournalEntry& entry : exchange_.journal().entries()) {
        if (entry.id <= since) continue;
        if (entries.size() >= limit) break;
        entries.push_back(entry.to_json());
    }
    return ok({{"last_id", exchange_.journal().last_id()}, {"entries", std::move(entries)}});
}

Reply Control::orders() const {
    exchange_.venue().advance(exchange_.clock().now());
    json::object accounts;
    for (const auto& [name, account] : exchange_.ring().accounts) {
        json::array orders;
        for (const KnownOrder& order : exchange_.venue().orders(name))
            orders.push_back(order_state(order));
        accounts[name] = std::move(orders);
    }
    return ok({{"orders", std::move(accounts)}});
}

Reply Control::audit() const {
    json::array nonces;
    std::uint64_t refused = 0;
    for (const auto& [api_key, key] : exchange_.ring().keys)
        refused += key.nonces_refused;
    for (const JournalEntry& entry : exchange_.journal().entries()) {
        if (entry.refused_by != "nonce_order" && entry.refused_by != "nonce_syntax") continue;
        nonces.push_back(
            {{"id", entry.id},
             {"account", entry.account},
             {"key", entry.key_name},
             {"nonce", entry.nonce ? json::value(*entry.nonce) : json::value()},
             {"detail", entry.detail},
             {"fault", entry.fault},
             {"duplicate_of", entry.duplicate_of}}
        );
    }
    exchange_.venue().advance(exchange_.clock().now());
    const std::vector<std::string> books = exchange_.venue().audit();
    return ok(
        {{"balanced", books.empty()},
         {"books", json::value_from(books)},
         {"nonces_refused", refused},
         {"nonces", std::move(nonces)}}
    );
}

Reply Control::list_faults() const {
    json::array faults;
    for (const Fault& fault : exchange_.faults().all())
        faults.push_back(fault.to_json());
    return ok({{"faults", std::move(faults)}});
}

Reply Control::add_fault(const std::string& body) {
    const auto object = parse_object(body);
    if (!object) return bad(object.error());
    const auto fault = parse_fault(*object);
    if (!fault) return bad(fault.error());
    if (fault->kind == FaultKind::close_now) {
        hooks_.close_connections();
        return ok({{"id", 0}});
    }
    const std::uint64_t id = exchange_.faults().add(*fault);
    hooks_.faults_changed();
    return ok({{"id", id}});
}

Reply Control::remove_faults(std::string_view query) {
    if (query.empty()) {
        exchange_.faults().clear();
    } else if (const auto id = number_of(query, "id"); !id || !exchange_.faults().remove(*id)) {
        return bad("no such fault", 404);
    }
    hooks_.faults_changed();
    return list_faults();
}

Reply Control::show_clock() const {
    const Clock& clock = exchange_.clock();
    return ok(
        {{"now_ms", milliseconds(clock.now())},
         {"offset_ms", std::chrono::floor<std::chrono::milliseconds>(clock.offset()).count()},
         {"frozen", clock.frozen()}}
    );
}

Reply Control::set_clock(const std::string& body) {
    const auto object = parse_object(body);
    if (!object) return bad(object.error());
    for (const auto& [name, value] : *object) {
        const bool number = name == "offset_ms" || name == "set" || name == "advance_ms";
        if (number ? !value.is_int64() : name != "freeze" || !value.is_bool()) {
            return bad(
                "offset_ms, advance_ms and set (Unix milliseconds) are whole numbers, freeze is true or false"
            );
        }
    }
    using std::chrono::milliseconds;
    Clock& clock = exchange_.clock();
    if (const auto* offset = object->if_contains("offset_ms"))
        clock.set_offset(milliseconds(offset->get_int64()));
    if (const auto* time = object->if_contains("set")) clock.set(Time(milliseconds(time->get_int64())));
    if (const auto* step = object->if_contains("advance_ms")) {
        clock.set(clock.now() + milliseconds(step->get_int64()));
    }
    if (const auto* freeze = object->if_contains("freeze")) {
        if (freeze->get_bool()) {
            clock.freeze();
        } else {
            clock.thaw();
        }
    }
    return show_clock();
}

Reply Control::show_switches() const {
    return ok(
        {{"switches", exchange_.switches().to_json()},
         {"market", market_to_json(exchange_.venue().settings())}}
    );
}

Reply Control::set_switches(const std::string& body) {
    const auto object = parse_object(body);
    if (!object) return bad(object.error());
    for (const auto& [name, value] : *object) {
        if (auto set = exchange_.set_switch(name, value); !set) return bad(set.error());
    }
    return show_switches();
}

Reply Control::put_account(const std::string& body) {
    const auto object = parse_object(body);
    if (!object) return bad(object.error());
    if (auto put = exchange_.put_account(*object); !put) return bad(put.error());
    return state();
}

Reply Control::reset() {
    hooks_.forget_duplicates();
    exchange_.reset();
    hooks_.faults_changed();
    return state();
}

}  // namespace exchange::front
