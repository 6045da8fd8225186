#include "readable.hpp"

#include <algorithm>
#include <array>

#include "fields.hpp"
#include "protocol/endpoints.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

bool is_scalar(std::string_view raw) {
    const auto kind = protocol::kind_of(raw);
    return kind != protocol::JsonKind::object && kind != protocol::JsonKind::array;
}

constexpr std::array<std::string_view, 5> needed_permissions{
    "query-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades"
};
constexpr std::string_view withdraw_permission = "withdraw-funds";

// As Kraken's page for API keys has it.
std::string title_of(std::string_view permission) {
    std::string title = protocol::permission_titles(permission);
    std::erase(title, '"');
    return title;
}

// Kraken's names for people, with what it means that the key has the permission or has it not.
std::string permission_table(const std::vector<std::string>& permissions) {
    const auto has = [&](std::string_view permission) {
        return std::ranges::find(permissions, permission) != permissions.end();
    };
    std::vector<Row> rows;
    for (const auto permission : needed_permissions)
        rows.push_back(
            {title_of(permission), has(permission) ? "yes" : "no", has(permission) ? "ok" : "MISSING"}
        );
    rows.push_back(
        {title_of(withdraw_permission),
         has(withdraw_permission) ? "yes" : "no",
         has(withdraw_permission) ? "SHOULD BE OFF" : "good: should be off"}
    );
    std::string text = render_table({{.title = "PERMISSION", .shrinks = true}, {"KEY"}, {"JUDGEMENT"}}, rows);
    std::string more;
    for (const auto& permission : permissions)
        if (permission != withdraw_permission &&
            std::ranges::find(needed_permissions, permission) == needed_permissions.end())
            more += (more.empty() ? "" : ", ") + permission;
    if (!more.empty()) text += wrap("Not needed: " + more, 2);
    return text;
}

}  // namespace

std::string readable_result(std::string_view result) {
    if (protocol::kind_of(result) == protocol::JsonKind::object) {
        const Fields fields(result);
        if (fields.members().empty()) return "(empty)\n";
        const bool flat = std::ranges::all_of(fields.members(), is_scalar, &protocol::JsonMember::value);
        if (flat) {
            std::vector<Row> rows;
            for (const auto& member : fields.members())
                rows.push_back({printable(member.name), shown(member.value)});
            return render_table({{"NAME"}, {.title = "VALUE", .right = true}}, rows);
        }
    }
    return printable(result) + "\n";
}

std::string readable_validation(std::string_view result) {
    const Fields fields(result);
    std::string text = "Account " + fields.text("name") + ", key " + fields.text("key") + ": ";
    text += fields.is_true("validated") ? "Kraken accepts the key" : "the key has NOT been validated";
    const std::string_view saved = fields.raw("saved");
    if (saved == "true") text += "; saved in the vault";
    if (saved == "false") text += "; NOT saved";
    text = wrap(text + ".", 2);
    if (const auto raw = fields.raw("permissions"); !raw.empty()) {
        std::vector<std::string> permissions;
        for (const auto item : items(raw))
            permissions.push_back(shown(item));
        text += permission_table(permissions);
    } else if (fields.is_true("validated")) {
        text += "Kraken did not tell what the key may do.\n";
    }
    for (const auto item : items(fields.raw("warnings")))
        text += wrap("Warning: " + shown(item), 2);
    return text;
}

}  // namespace krakken::ctl
