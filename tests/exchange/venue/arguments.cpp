#include "tests/exchange/venue/arguments.hpp"

#include <algorithm>
#include <charconv>

#include "tests/exchange/venue/refusal.hpp"

namespace exchange {
namespace {

constexpr std::size_t most_array_items = 100;

Param* member(Param& object, std::string_view name) {
    for (auto& [key, value] : object.members)
        if (key == name) return &value;
    return &object.members.emplace_back(name, Param{Param::Kind::null, {}, {}, {}}).second;
}

Param* step_into(Param& at, const std::string& segment, const std::string& whole_name) {
    const auto index = segment.empty() ? std::int64_t(at.items.size()) : parse_whole(segment).value_or(-1);
    if (index < 0) {
        if (at.kind != Param::Kind::null && at.kind != Param::Kind::object) refuse_argument(whole_name);
        at.kind = Param::Kind::object;
        return member(at, segment);
    }
    const bool in_sequence = std::size_t(index) <= at.items.size() && std::size_t(index) < most_array_items;
    if ((at.kind != Param::Kind::null && at.kind != Param::Kind::array) || !in_sequence)
        refuse_argument(whole_name);
    at.kind = Param::Kind::array;
    if (std::size_t(index) == at.items.size()) at.items.push_back({Param::Kind::null, {}, {}, {}});
    return &at.items[std::size_t(index)];
}

std::vector<std::string> segments_of(std::string_view brackets, const std::string& whole_name) {
    std::vector<std::string> segments;
    while (!brackets.empty()) {
        const auto end = brackets.find(']');
        if (brackets.front() != '[' || end == std::string_view::npos) refuse_argument(whole_name);
        segments.emplace_back(brackets.substr(1, end - 1));
        brackets.remove_prefix(end + 1);
    }
    return segments;
}

// Digits where the shape has '0', the shape's own sign elsewhere.
bool has_shape(std::string_view text, std::string_view shape) {
    return std::ranges::equal(text, shape, [](char c, char pattern) {
        return pattern == '0' ? c >= '0' && c <= '9' : c == pattern;
    });
}

// "Z", "+02:00"
std::optional<int> offset_minutes(std::string_view text) {
    if (text == "Z") return 0;
    if (!has_shape(text, "+00:00") && !has_shape(text, "-00:00")) return {};
    const auto hours = *parse_whole(text.substr(1, 2));
    const auto minutes = *parse_whole(text.substr(4, 2));
    if (hours > 23 || minutes > 59) return {};
    return int((text[0] == '-' ? -1 : 1) * (hours * 60 + minutes));
}

}  // namespace

Params nested(const Params& params) {
    Params tree;
    for (const auto& [name, value] : params) {
        const auto bracket = name.find('[');
        if (bracket == 0 || bracket == std::string::npos) {
            tree.emplace_back(name, value);
            continue;
        }
        const std::string head = name.substr(0, bracket);
        auto place = std::ranges::find(tree, head, &Params::value_type::first);
        if (place == tree.end())
            place = tree.insert(tree.end(), {head, Param{Param::Kind::null, {}, {}, {}}});
        Param* at = &place->second;
        for (const auto& segment : segments_of(std::string_view(name).substr(bracket), name))
            at = step_into(*at, segment, name);
        if (at->kind != Param::Kind::null) refuse_argument(name);
        *at = value;
    }
    return tree;
}

Arguments::Arguments(const Params& params, std::string prefix) : params_(params), prefix_(std::move(prefix)) {
    std::set<std::string_view> names;
    for (const auto& [name, value] : params)
        if (!names.insert(name).second) invalid(name);
}

void Arguments::invalid(std::string_view name) const {
    if (prefix_.empty()) refuse_argument(name);
    refuse_argument(prefix_ + "[" + std::string(name) + "]");
}

const Param* Arguments::find(std::string_view name) {
    read_.emplace(name);
    const auto place = std::ranges::find(params_, name, &Params::value_type::first);
    if (place == params_.end() || place->second.kind == Param::Kind::null) return nullptr;
    return &place->second;
}

std::optional<std::string> Arguments::text(std::string_view name) {
    const Param* param = find(name);
    if (!param) return {};
    if (param->kind != Param::Kind::text && param->kind != Param::Kind::number) invalid(name);
    if (param->text.empty()) return {};
    return param->text;
}

std::optional<std::string> Arguments::text_or_flag(std::string_view name) {
    const Param* param = find(name);
    if (param && param->kind == Param::Kind::boolean) return param->text;
    return text(name);
}

std::string Arguments::needed(std::string_view name) {
    auto value = text(name);
    if (!value) invalid(name);
    return *value;
}

std::optional<bool> Arguments::flag(std::string_view name) {
    const Param* param = find(name);
    if (!param || (param->kind == Param::Kind::text && param->text.empty())) return {};
    if (param->kind != Param::Kind::boolean && param->kind != Param::Kind::text) invalid(name);
    if (param->text == "true") return true;
    if (param->text == "false") return false;
    invalid(name);
}

std::optional<std::int64_t> Arguments::whole(std::string_view name, std::int64_t least, std::int64_t most) {
    const auto value = text(name);
    if (!value) return {};
    const auto number = parse_whole(*value);
    if (!number || *number < least || *number > most) invalid(name);
    return number;
}

std::optional<Amount> Arguments::amount(std::string_view name) {
    const auto value = text(name);
    if (!value) return {};
    const auto number = Amount::parse(*value);
    if (!number || !number->is_positive()) invalid(name);
    return number;
}

Amount Arguments::needed_amount(std::string_view name) {
    const auto value = amount(name);
    if (!value) invalid(name);
    return *value;
}

std::optional<std::string> Arguments::one_of(
    std::string_view name, std::initializer_list<std::string_view> allowed
) {
    auto value = text(name);
    if (value && std::ranges::find(allowed, *value) == allowed.end()) invalid(name);
    return value;
}

std::vector<std::string> Arguments::list(std::string_view name, std::size_t most) {
    std::vector<std::string> values;
    if (const Param* param = find(name); param && param->kind == Param::Kind::array) {
        for (const auto& item : param->items) {
            if (item.kind != Param::Kind::text && item.kind != Param::Kind::number) invalid(name);
            values.push_back(item.text);
        }
    } else if (const auto joined = text(name)) {
        values = split_commas(*joined);
    }
    if (values.size() > most || std::ranges::find(values, "") != values.end()) invalid(name);
    return values;
}

const Param* Arguments::object(std::string_view name) {
    const Param* param = find(name);
    if (param && param->kind != Param::Kind::object) invalid(name);
    return param;
}

const std::vector<Param>* Arguments::array(std::string_view name) {
    const Param* param = find(name);
    if (param && param->kind != Param::Kind::array) invalid(name);
    return param ? &param->items : nullptr;
}

bool Arguments::is_array_of_objects(std::string_view name) {
    const Param* param = find(name);
    return param && param->kind == Param::Kind::array && !param->items.empty() &&
           std::ranges::all_of(param->items, [](const Param& item) {
               return item.kind == Param::Kind::object;
           });
}

void Arguments::done(bool refuse_unknown) const {
    if (!refuse_unknown) return;
    for (const auto& [name, value] : params_)
        if (!read_.contains(name)) invalid(name);
}

std::optional<std::int64_t> parse_whole(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
    return number;
}

std::vector<std::string> split_commas(std::string_view text) {
    std::vector<std::string> parts;
    while (true) {
        const auto comma = text.find(',');
        parts.emplace_back(text.substr(0, comma));
        if (comma == std::string_view::npos) return parts;
        text.remove_prefix(comma + 1);
    }
}

std::optional<Time> parse_rfc3339(const std::string& text) {
    constexpr std::string_view shape = "0000-00-00T00:00:00";
    if (!has_shape(std::string_view(text).substr(0, shape.size()), shape)) return {};
    const auto number = [&](std::size_t at, std::size_t length) {
        return int(*parse_whole(std::string_view(text).substr(at, length)));
    };
    const std::chrono::year_month_day date{
        std::chrono::year(number(0, 4)),
        std::chrono::month(unsigned(number(5, 2))),
        std::chrono::day(unsigned(number(8, 2)))
    };
    // Nanoseconds since 1970 end in 2262.
    const bool in_range = number(0, 4) >= 1970 && number(0, 4) < 2200;
    if (!in_range || !date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) return {};
    std::string_view rest = std::string_view(text).substr(shape.size());
    std::int64_t nanoseconds = 0;
    if (rest.starts_with('.')) {
        const auto digits = rest.substr(1, rest.find_first_not_of("0123456789", 1) - 1);
        if (digits.empty() || digits.size() > 9) return {};
        nanoseconds = *parse_whole(std::string(digits) + std::string(9 - digits.size(), '0'));
        rest.remove_prefix(digits.size() + 1);
    }
    const auto offset = offset_minutes(rest);
    if (!offset) return {};
    return Time(std::chrono::sys_days(date)) + std::chrono::hours(number(11, 2)) +
           std::chrono::minutes(number(14, 2) - *offset) + std::chrono::seconds(number(17, 2)) +
           std::chrono::nanoseconds(nanoseconds);
}

}  // namespace exchange
