#include "grant/orders.hpp"

#include "kraken/pair_name.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace krakken::grant {

using kraken::Field;
using protocol::ErrorCode;
using protocol::JsonKind;
using protocol::Result;

namespace {

constexpr auto order_types = std::to_array<std::string_view>(
    {"market",
     "limit",
     "iceberg",
     "stop-loss",
     "take-profit",
     "stop-loss-limit",
     "take-profit-limit",
     "trailing-stop",
     "trailing-stop-limit"}
);

// That change nothing of what the limits are about.
constexpr auto harmless = std::to_array<std::string_view>(
    {"cl_ord_id",
     "deadline",
     "displayvol",
     "expiretm",
     "leverage",
     "reduce_only",
     "starttm",
     "stp_type",
     "stptype",
     "timeinforce",
     "trigger",
     "userref",
     "validate"}
);
// Flags that leave the volume what it is; "viqc" gives it in the quote currency.
constexpr auto harmless_flags = std::to_array<std::string_view>({"fcib", "fciq", "nompp", "post"});

bool is_one_of(std::string_view text, std::span<const std::string_view> known) {
    return std::ranges::find(known, text) != known.end();
}

std::unexpected<protocol::Error> not_understood(std::string_view what) {
    return std::unexpected(
        protocol::make_error(
            ErrorCode::forbidden,
            fmt::format("the limits of this grant cannot be held with {}; nothing was sent", what)
        )
            .with("rule", "limit:understood")
            .with_remedy("write the order without it, or ask the operator for a grant without such limits")
    );
}

// One after another between commas, as Kraken has flags.
bool flags_are_harmless(std::string_view flags) {
    while (!flags.empty()) {
        const std::size_t comma = std::min(flags.find(','), flags.size());
        if (!is_one_of(flags.substr(0, comma), harmless_flags)) return false;
        flags.remove_prefix(std::min(comma + 1, flags.size()));
    }
    return true;
}

struct Draft {
    std::optional<std::string> pair;
    std::optional<Side> side;
    std::optional<std::string> type;
    std::optional<Decimal> volume;
    std::vector<Decimal> prices = {};
    bool prices_are_plain = true;
};

void add_price(Draft& draft, std::string_view text) {
    if (text.empty()) return;
    if (const auto price = Decimal::parse(text)) {
        if (!price->is_zero()) draft.prices.push_back(*price);
    } else {
        draft.prices_are_plain = false;
    }
}

Result<void> take(Draft& draft, std::string_view name, std::string_view raw) {
    const JsonKind kind = protocol::kind_of(raw);
    if (kind == JsonKind::array || kind == JsonKind::object)
        return not_understood(is_one_of(name, harmless) ? name : "a parameter that is a list");
    const std::string text = kraken::plain_text(raw);
    if (name == "pair") {
        draft.pair = text;
    } else if (name == "type") {
        draft.side = parse_side(text);
    } else if (name == "ordertype") {
        if (is_order_type(text)) draft.type = text;
    } else if (name == "volume") {
        draft.volume = Decimal::parse(text);
    } else if (name == "price" || name == "price2") {
        add_price(draft, text);
    } else if (name == "oflags") {
        if (!flags_are_harmless(text)) return not_understood("these oflags");
    } else if (!is_one_of(name, harmless)) {
        return not_understood("a parameter that is not among the usual ones");
    }
    return {};
}

Result<OrderAsk> finished(Draft draft) {
    if (!draft.pair || draft.pair->empty()) return not_understood("an order that names no pair");
    if (!draft.side) return not_understood("a type other than buy and sell");
    if (!draft.type) return not_understood("this ordertype");
    if (!draft.volume || draft.volume->is_zero()) return not_understood("a volume that is no plain number");
    // Of a trailing stop the price is a distance.
    const bool prices_are_plain = draft.prices_are_plain && !draft.type->starts_with("trailing");
    return OrderAsk{
        .pair = kraken::canonical_pair(*draft.pair),
        .side = *draft.side,
        .type = std::move(*draft.type),
        .volume = std::move(*draft.volume),
        .prices = std::move(draft.prices),
        .prices_are_plain = prices_are_plain,
    };
}

Result<std::vector<OrderAsk>> read_one(const std::vector<Field>& fields) {
    Draft draft;
    for (const Field& field : fields)
        if (auto taken = take(draft, field.name, field.raw); !taken) return std::unexpected(taken.error());
    auto order = finished(std::move(draft));
    if (!order) return std::unexpected(std::move(order.error()));
    return std::vector{std::move(*order)};
}

Result<OrderAsk> read_row(std::string_view row, const Draft& common) {
    const auto members =
        protocol::split_object(row, protocol::max_request_depth, protocol::Duplicates::refused_everywhere);
    if (!members) return not_understood("an order of a batch that is no object");
    Draft draft = common;
    for (const auto& [name, value] : *members) {
        // The pair is the batch's.
        if (name == "pair") return not_understood("a pair in an order of a batch");
        if (auto taken = take(draft, name, value); !taken) return std::unexpected(taken.error());
    }
    return finished(std::move(draft));
}

Result<std::vector<OrderAsk>> read_batch(const std::vector<Field>& fields) {
    Draft common;
    const std::string* rows = nullptr;
    for (const Field& field : fields) {
        if (field.name == "orders") {
            rows = &field.raw;
        } else if (field.name == "pair" || field.name == "deadline" || field.name == "validate") {
            if (auto taken = take(common, field.name, field.raw); !taken)
                return std::unexpected(taken.error());
        } else {
            return not_understood("a parameter that is not among the usual ones");
        }
    }
    if (!rows || protocol::kind_of(*rows) != JsonKind::array)
        return not_understood("a batch whose orders are no list");
    std::vector<OrderAsk> orders;
    for (const std::string_view row : *protocol::split_array(*rows, protocol::max_request_depth)) {
        auto order = read_row(row, common);
        if (!order) return std::unexpected(std::move(order.error()));
        orders.push_back(std::move(*order));
    }
    return orders;
}

}  // namespace

std::string_view name(Side side) {
    return side == Side::buy ? "buy" : "sell";
}

std::optional<Side> parse_side(std::string_view text) {
    if (text == "buy") return Side::buy;
    if (text == "sell") return Side::sell;
    return std::nullopt;
}

bool is_order_type(std::string_view text) {
    return is_one_of(text, order_types);
}

Result<std::vector<OrderAsk>> read_orders(
    const protocol::Endpoint& endpoint, const kraken::Parameters& parameters
) {
    if (endpoint.name == "AddOrder") return read_one(parameters.fields());
    if (endpoint.name == "AddOrderBatch") return read_batch(parameters.fields());
    return not_understood("a change of an order that is there, or a strategy");
}

}  // namespace krakken::grant
