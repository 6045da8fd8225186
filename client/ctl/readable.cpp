#include "readable.hpp"

#include <algorithm>

#include "fields.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

bool is_scalar(std::string_view raw) {
    const auto kind = protocol::kind_of(raw);
    return kind != protocol::JsonKind::object && kind != protocol::JsonKind::array;
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
    text += ".\n";
    std::string permissions;
    for (const auto item : items(fields.raw("permissions")))
        permissions += (permissions.empty() ? "" : ", ") + shown(item);
    if (!permissions.empty()) text += wrap("Permissions: " + permissions, 2);
    for (const auto item : items(fields.raw("warnings")))
        text += wrap("Warning: " + shown(item), 2);
    return text;
}

}  // namespace krakken::ctl
