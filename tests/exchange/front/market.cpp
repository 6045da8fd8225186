#include "tests/exchange/front/market.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>
#include <variant>

namespace exchange::front {

namespace {

using Milliseconds = std::chrono::milliseconds;
using Names = std::set<std::string>;
using Texts = std::map<std::string, std::string>;
using PostOnlyCrossing = Settings::PostOnlyCrossing;
using FeesWithoutPair = Settings::FeesWithoutPair;
using Member = std::variant<
    std::uint64_t Settings::*,
    bool Settings::*,
    std::string Settings::*,
    Milliseconds Settings::*,
    Names Settings::*,
    Texts Settings::*,
    PostOnlyCrossing Settings::*,
    FeesWithoutPair Settings::*>;

constexpr auto members = std::to_array<std::pair<std::string_view, Member>>({
    {"seed", &Settings::seed},
    {"refuse_unknown_parameters", &Settings::refuse_unknown_parameters},
    {"accept_sender_sub_id", &Settings::accept_sender_sub_id},
    {"accept_trading_agreement", &Settings::accept_trading_agreement},
    {"accept_iceberg_close", &Settings::accept_iceberg_close},
    {"order_shown_after_ms", &Settings::order_shown_after},
    {"engine_delay_ms", &Settings::engine_delay},
    {"dead_order_text", &Settings::dead_order_text},
    {"post_only_crossing", &Settings::post_only_crossing},
    {"post_only_reject_costs_cancel", &Settings::post_only_reject_costs_cancel},
    {"volume_minimum_text", &Settings::volume_minimum_text},
    {"duplicate_cl_ord_id_text", &Settings::duplicate_cl_ord_id_text},
    {"edit_not_allowed_text", &Settings::edit_not_allowed_text},
    {"unknown_query_text", &Settings::unknown_query_text},
    {"disarmed_trigger_time_absent", &Settings::disarmed_trigger_time_absent},
    {"margin_allowed", &Settings::margin_allowed},
    {"index_unavailable", &Settings::index_unavailable},
    {"pinned_prices", &Settings::pinned_prices},
    {"price_step_ms", &Settings::price_step},
    {"fill_slice", &Settings::fill_slice},
    {"system_status", &Settings::system_status},
    {"pair_status", &Settings::pair_status},
    {"trade_volume_without_pair", &Settings::trade_volume_without_pair},
    {"credit_lines", &Settings::credit_lines},
    {"export_queued_ms", &Settings::export_queued},
    {"export_processing_ms", &Settings::export_processing},
    {"invalid_withdrawal_address_text", &Settings::invalid_withdrawal_address_text},
    {"withdrawal_step_ms", &Settings::withdrawal_step},
    {"withdrawals_fail", &Settings::withdrawals_fail},
    {"institutional_accounts", &Settings::institutional_accounts},
    {"earn_operation_ms", &Settings::earn_operation},
    {"earn_tier_high_enough", &Settings::earn_tier_high_enough},
});

const Member* find(std::string_view name) {
    const auto found = std::ranges::find(members, name, &std::pair<std::string_view, Member>::first);
    return found == members.end() ? nullptr : &found->second;
}

// Each returns what is allowed, or empty when the value was taken.
std::string read(bool& into, const boost::json::value& value) {
    if (!value.is_bool()) return "must be true or false";
    into = value.get_bool();
    return {};
}

std::string read(std::uint64_t& into, const boost::json::value& value) {
    if (!value.is_int64() || value.get_int64() < 0) return "must be a whole number from 0";
    into = static_cast<std::uint64_t>(value.get_int64());
    return {};
}

std::string read(Milliseconds& into, const boost::json::value& value) {
    std::uint64_t count = 0;
    if (std::string problem = read(count, value); !problem.empty()) return problem;
    into = Milliseconds(count);
    return {};
}

std::string read(std::string& into, const boost::json::value& value) {
    if (!value.is_string()) return "must be a text";
    into = value.get_string();
    return {};
}

std::string read(Names& into, const boost::json::value& value) {
    auto names = boost::json::try_value_to<Names>(value);
    if (!names) return "must be a list of texts";
    into = std::move(*names);
    return {};
}

std::string read(Texts& into, const boost::json::value& value) {
    auto texts = boost::json::try_value_to<Texts>(value);
    if (!texts) return "must be an object of texts";
    into = std::move(*texts);
    return {};
}

template <class Choice>
std::string read_choice(
    Choice& into, const boost::json::value& value, std::array<std::pair<std::string_view, Choice>, 2> choices
) {
    for (const auto& [name, choice] : choices) {
        if (!value.is_string() || value.get_string() != name) continue;
        into = choice;
        return {};
    }
    return "allows only: " + std::string(choices[0].first) + " " + std::string(choices[1].first);
}

std::string read(PostOnlyCrossing& into, const boost::json::value& value) {
    return read_choice<PostOnlyCrossing>(
        into,
        value,
        {{{"refuse", PostOnlyCrossing::refuse}, {"accept_then_cancel", PostOnlyCrossing::accept_then_cancel}}}
    );
}

std::string read(FeesWithoutPair& into, const boost::json::value& value) {
    return read_choice<FeesWithoutPair>(
        into, value, {{{"absent", FeesWithoutPair::absent}, {"null", FeesWithoutPair::null}}}
    );
}

boost::json::value write(Milliseconds value) {
    return value.count();
}
boost::json::value write(PostOnlyCrossing value) {
    return value == PostOnlyCrossing::refuse ? "refuse" : "accept_then_cancel";
}
boost::json::value write(FeesWithoutPair value) {
    return value == FeesWithoutPair::absent ? "absent" : "null";
}
boost::json::value write(const auto& value) {
    return boost::json::value_from(value);
}

}  // namespace

bool is_market_setting(std::string_view name) {
    return find(name) != nullptr;
}

std::expected<void, std::string> set_market(
    Settings& settings, std::string_view name, const boost::json::value& value
) {
    const Member* member = find(name);
    if (member == nullptr) return std::unexpected("there is no market setting " + std::string(name));
    const std::string problem =
        std::visit([&](auto pointer) { return read(settings.*pointer, value); }, *member);
    if (!problem.empty()) return std::unexpected(std::string(name) + " " + problem);
    return {};
}

boost::json::object market_to_json(const Settings& settings) {
    boost::json::object object;
    for (const auto& [name, member] : members) {
        object[name] = std::visit([&](auto pointer) { return write(settings.*pointer); }, member);
    }
    return object;
}

}  // namespace exchange::front
