#include "audit_view.hpp"

#include "fields.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

const std::vector<Column>& columns() {
    // As wide as what usually stands in them.
    static const std::vector<Column> all{
        {.title = "   ROW", .right = true},
        {.title = "TIME (UTC)         "},
        {.title = "WHO            ", .shrinks = true},
        {.title = "WHAT        ", .shrinks = true},
        {.title = "ACCOUNT ", .shrinks = true},
        {"OUTCOME"},
    };
    return all;
}

// 2026-11-20T22:41:35.123Z as 2026-11-20 22:41:35.
std::string time_of(const Fields& row) {
    std::string time = row.text("time").substr(0, 19);
    if (time.size() > 10) time[10] = ' ';
    return time;
}

std::string who(const Fields& row) {
    const std::string program = row.text("program");
    return row.text("uid") + ' ' + (program.empty() ? "pid " + row.text("pid") : program);
}

std::string ids_line(const Fields& row) {
    std::string ids;
    for (const auto id : items(row.raw("ids")))
        ids += (ids.empty() ? "" : ", ") + shown(id);
    return ids.empty() ? ids : wrap("        > " + ids, 10);
}

// Where the line that begins at `at` ends, its line feed included.
std::size_t end_of_line(std::string_view text, std::size_t at) {
    return text.find('\n', at) + 1;
}

}  // namespace

std::string audit_title() {
    const std::string table = render_table(columns(), {Row(columns().size())});
    return table.substr(0, end_of_line(table, 0));
}

std::string audit_lines(const std::vector<std::string_view>& rows) {
    std::vector<Row> cells;
    for (const auto item : rows) {
        const Fields row(item);
        cells.push_back(
            {row.text("row"),
             time_of(row),
             who(row),
             row.text("what"),
             row.text("account"),
             row.text("outcome")}
        );
    }
    const std::string table = render_table(columns(), cells);
    std::string text;
    std::size_t at = table.empty() ? 0 : end_of_line(table, 0);  // behind the titles
    for (const auto item : rows) {
        const std::size_t end = end_of_line(table, at);
        text += table.substr(at, end - at) + ids_line(Fields(item));
        at = end;
    }
    return text;
}

std::string readable_verdict(std::string_view verdict) {
    const Fields fields(verdict);
    if (!fields.is_true("ok")) {
        return wrap(
            "The audit is BROKEN at row " + fields.text("broken_at") +
            ": it is missing, or it does not follow from the one before. Somebody has changed the state "
            "database, "
            "or it was damaged. The rows before it are as they were written."
        );
    }
    if (fields.text("rows") == "0") return "The audit has no rows yet.\n";
    return wrap(
               "The audit is whole: " + fields.text("rows") + " rows, " + fields.text("first") + " to " +
               fields.text("last") + ", each following from the one before. The last one's hash:"
           ) +
           "  " + fields.text("hash") + "\n";
}

}  // namespace krakken::ctl
