#include "tests/exchange/venue/order_words.hpp"

#include <algorithm>
#include <limits>

#include "tests/exchange/venue/refusal.hpp"

namespace exchange {
namespace {

using std::chrono::seconds;

constexpr auto shortest_life = seconds(5);
constexpr std::int64_t latest_second = 4'000'000'000;  // nanoseconds have no room for much more
constexpr auto longest_life = std::chrono::days(31);

bool hex_at(std::string_view text, std::size_t from, std::size_t count) {
    return std::ranges::all_of(text.substr(from, count), [](unsigned char c) {
        return std::isxdigit(c) != 0;
    });
}

bool good_cl_ord_id(std::string_view id) {
    if (id.size() == 36)
        return id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' && hex_at(id, 0, 8) &&
               hex_at(id, 9, 4) && hex_at(id, 14, 4) && hex_at(id, 19, 4) && hex_at(id, 24, 12);
    if (id.size() == 32) return hex_at(id, 0, 32);
    return id.size() <= 18 && std::ranges::all_of(id, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

// "0", "<unix>" or "+<seconds>"
std::optional<Time> read_time(Arguments& fields, std::string_view name, Time now) {
    auto text = fields.text(name);
    if (!text || *text == "0") return {};
    const bool relative = text->starts_with('+');
    const auto count = parse_whole(relative ? text->substr(1) : *text);
    if (!count || *count < 0 || *count > latest_second) refuse_argument(name);
    const Time time = relative ? now + seconds(*count) : Time(seconds(*count));
    if (time < now) refuse_argument(name);
    return time;
}

void read_flags(OrderWish& wish, Arguments& fields) {
    for (const auto& flag : fields.list("oflags", 5)) {
        if (flag == "post")
            wish.post_only = true;
        else if (flag == "viqc")
            wish.volume_in_quote = true;
        else if ((flag == "fcib" || flag == "fciq") && !wish.fee_in_base)
            wish.fee_in_base = flag == "fcib";
        else if (flag != "nompp")
            refuse_argument("oflags");
    }
    if (wish.post_only && wish.kind != OrderKind::limit) refuse_argument("oflags");
    if (wish.volume_in_quote &&
        (wish.kind != OrderKind::market || wish.side != Side::buy || wish.leverage > 1))
        refuse_argument("oflags");
}

void read_lasting(OrderWish& wish, Arguments& fields, Time now) {
    const auto word = fields.one_of("timeinforce", {"GTC", "IOC", "GTD", "FOK"}).value_or("GTC");
    wish.lasting = word == "IOC"   ? Lasting::ioc
                   : word == "FOK" ? Lasting::fok
                   : word == "GTD" ? Lasting::gtd
                                   : Lasting::gtc;
    wish.start = read_time(fields, "starttm", now);
    wish.expire = read_time(fields, "expiretm", now);
    const Time begin = wish.start.value_or(now);
    if (wish.expire && *wish.expire < begin + shortest_life) refuse_argument("expiretm");
    if (wish.lasting == Lasting::gtd && (!wish.expire || *wish.expire > begin + longest_life))
        refuse_argument("expiretm");
    const bool at_once = wish.lasting == Lasting::ioc || wish.lasting == Lasting::fok;
    if (wish.lasting == Lasting::fok && !has_limit(wish.kind)) refuse_argument("timeinforce");
    if (at_once && (wish.post_only || wish.expire)) refuse_argument("timeinforce");
}

// Which prices a kind takes: the first always unless it is a market order, the second for the triggered
// limits.
void check_prices(
    OrderKind kind,
    const std::optional<PriceWish>& price,
    const std::optional<PriceWish>& price2,
    std::string_view price_field,
    std::string_view price2_field
) {
    const bool first = kind != OrderKind::market && kind != OrderKind::settle_position;
    const bool second = has_trigger(kind) && has_limit(kind);
    if (first != price.has_value()) refuse_argument(price_field);
    if (second != price2.has_value()) refuse_argument(price2_field);
    if (!is_trailing(kind)) return;
    if (price->prefix != '+') refuse_argument(price_field);
    if (second && price2->prefix != '+' && price2->prefix != '-') refuse_argument(price2_field);
}

void read_close(OrderWish& wish, Arguments& fields, const Settings& settings) {
    const Param* object = fields.object("close");
    if (!object) return;
    Arguments close(object->members, "close");
    CloseWish made;
    const auto kind = kind_called(close.needed("ordertype"));
    const bool closing = kind && *kind != OrderKind::market && *kind != OrderKind::settle_position;
    if (!closing || (kind == OrderKind::iceberg && !settings.accept_iceberg_close))
        refuse_argument("close[ordertype]");
    made.kind = *kind;
    made.price = read_price(close, "price");
    made.price2 = read_price(close, "price2");
    check_prices(made.kind, made.price, made.price2, "close[price]", "close[price2]");
    close.done(settings.refuse_unknown_parameters);
    wish.close = made;
}

void read_names(OrderWish& wish, Arguments& fields) {
    wish.userref = read_userref(fields);
    wish.cl_ord_id = read_cl_ord_id(fields);
    if (wish.cl_ord_id.empty()) return;
    if (wish.userref || wish.close) refuse_argument("cl_ord_id");
}

void read_leverage(OrderWish& wish, Arguments& fields) {
    if (auto text = fields.text("leverage"); text && *text != "none") {
        if (text->ends_with(":1")) text->resize(text->size() - 2);
        const auto times = parse_whole(*text);
        if (!times || *times < 1 || *times > 10) refuse_argument("leverage");
        wish.leverage = int(*times);
    }
    wish.reduce_only = fields.flag("reduce_only").value_or(false);
    if (wish.reduce_only && wish.leverage < 2) refuse_argument("reduce_only");
    if (wish.kind == OrderKind::settle_position && wish.leverage < 2) refuse_argument("leverage");
}

Amount read_volume(Arguments& fields, const OrderWish& wish) {
    const auto volume = Amount::parse(fields.needed("volume"));
    // Zero means "as much as the position has".
    if (!volume || volume->is_negative() || (volume->is_zero() && wish.leverage < 2))
        refuse_argument("volume");
    return *volume;
}

void read_side_fields(OrderWish& wish, Arguments& fields, const Settings& settings) {
    if (const auto word = fields.one_of("trigger", {"last", "index"})) {
        if (!has_trigger(wish.kind) && !wish.close) refuse_argument("trigger");
        wish.trigger = *word;
    }
    const auto stp = fields.one_of("stptype", {"cancel-newest", "cancel-oldest", "cancel-both"});
    wish.self_trade = stp == "cancel-oldest" ? SelfTrade::cancel_oldest
                      : stp == "cancel-both" ? SelfTrade::cancel_both
                                             : SelfTrade::cancel_newest;
    wish.display_volume = fields.amount("displayvol");
    if (wish.display_volume.has_value() != (wish.kind == OrderKind::iceberg)) refuse_argument("displayvol");
    if (wish.display_volume && (*wish.display_volume > wish.volume ||
                                wish.display_volume->times(Amount::of_units(15)) < wish.volume))
        refuse_argument("displayvol");
    if (settings.accept_sender_sub_id) wish.sender_sub_id = fields.text("sender_sub_id").value_or("");
    if (settings.accept_trading_agreement) fields.one_of("trading_agreement", {"agree"});
}

}  // namespace

std::optional<PriceWish> read_price(Arguments& fields, std::string_view name) {
    const auto text = fields.text(name);
    if (!text) return {};
    std::string_view rest = *text;
    PriceWish wish;
    if (rest.starts_with('+') || rest.starts_with('-') || rest.starts_with('#')) {
        wish.prefix = rest.front();
        rest.remove_prefix(1);
    }
    if (rest.ends_with('%')) {
        wish.percent = true;
        rest.remove_suffix(1);
    }
    const auto value = Amount::parse(rest);
    if (!value || value->is_negative()) refuse_argument(name);
    wish.value = *value;
    // A percentage is an offset and needs its direction; "+0" is a fine offset, a price of nothing is not.
    if (wish.percent && wish.prefix == 0) refuse_argument(name);
    if (!wish.relative() && value->is_zero()) return {};
    return wish;
}

std::string read_cl_ord_id(Arguments& fields) {
    auto id = fields.text("cl_ord_id").value_or("");
    if (!good_cl_ord_id(id)) refuse_argument("cl_ord_id");
    return id;
}

std::optional<std::int32_t> read_userref(Arguments& fields) {
    const auto value = fields.whole(
        "userref", std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()
    );
    if (!value) return {};
    return std::int32_t(*value);
}

void check_deadline(Arguments& fields, const Settings& settings, Time now) {
    const auto text = fields.text("deadline");
    if (!text) return;
    const auto deadline = parse_rfc3339(*text);
    if (!deadline) refuse_argument("deadline");
    if (*deadline <= now + settings.engine_delay) refuse("EService:Deadline elapsed");
    if (*deadline < now + seconds(2) || *deadline > now + seconds(60)) refuse_argument("deadline");
}

const Pair& read_pair(Arguments& fields) {
    const auto asset_class = fields.one_of("asset_class", {"forex", "currency", "tokenized_asset"});
    const auto name = fields.needed("pair");
    // There are no tokenized assets here.
    if (asset_class == "tokenized_asset") refuse("EQuery:Unknown asset pair");
    return known_pair(name);
}

OrderWish read_order(Arguments& fields, const Settings& settings, Time now) {
    OrderWish wish;
    const auto kind = kind_called(fields.needed("ordertype"));
    if (!kind) refuse_argument("ordertype");
    wish.kind = *kind;
    const auto side = fields.one_of("type", {"buy", "sell"});
    if (!side) refuse_argument("type");
    wish.side = *side == "buy" ? Side::buy : Side::sell;
    read_leverage(wish, fields);
    wish.volume = read_volume(fields, wish);
    wish.price = read_price(fields, "price");
    wish.price2 = read_price(fields, "price2");
    check_prices(wish.kind, wish.price, wish.price2, "price", "price2");
    read_flags(wish, fields);
    read_lasting(wish, fields, now);
    read_close(wish, fields, settings);
    read_names(wish, fields);
    read_side_fields(wish, fields, settings);
    return wish;
}

}  // namespace exchange
