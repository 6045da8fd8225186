#include "fields.hpp"

#include "protocol/limits.hpp"
#include "table.hpp"

namespace krakken::ctl {

Fields::Fields(std::string_view json) {
    if (auto members = protocol::split_object(json, protocol::max_reply_depth))
        members_ = std::move(*members);
}

std::string_view Fields::raw(std::string_view name) const {
    const auto* member = protocol::find(members_, name);
    return member && member->value != "null" ? member->value : std::string_view();
}

std::string Fields::text(std::string_view name) const {
    return shown(raw(name));
}

std::string shown(std::string_view raw) {
    const bool is_string = raw.starts_with('"');
    return printable(is_string ? protocol::decode_string(raw) : std::string(raw));
}

std::vector<std::string_view> items(std::string_view json) {
    return protocol::split_array(json, protocol::max_reply_depth).value_or(std::vector<std::string_view>());
}

std::string_view find_account(std::string_view list, std::string_view name) {
    for (const auto item : items(list))
        if (Fields(item).text("name") == name) return item;
    return {};
}

}  // namespace krakken::ctl
