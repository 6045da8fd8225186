#include "tests/exchange/venue/exports.hpp"

#include <algorithm>

#include "tests/exchange/venue/json_text.hpp"
#include "tests/exchange/venue/zip.hpp"

namespace exchange {
namespace {

void done(Desk& desk, Request& request) {
    request.args.done(desk.settings.refuse_unknown_parameters);
}

std::string status_of(const Settings& settings, const ExportRecord& record, Time now) {
    if (now < record.created + settings.export_queued) return "Queued";
    return now < record.created + settings.export_queued + settings.export_processing ? "Processing"
                                                                                      : "Processed";
}

ExportRecord& needed_record(Desk& desk, const Request& request, const std::string& id) {
    for (auto& record : desk.exports)
        if (record.id == id && record.account == request.account()) return record;
    refuse_argument("id");
}

class Table {
public:
    explicit Table(char separator) : separator_(separator) {}
    void row(std::initializer_list<std::string> cells) {
        bool first = true;
        for (const auto& cell : cells) {
            if (!first) text_ += separator_;
            text_ += '"' + cell + '"';
            first = false;
        }
        text_ += '\n';
    }
    const std::string& text() const { return text_; }

private:
    char separator_;
    std::string text_;
};

void write_trades(Table& table, const Desk& desk, const ExportRecord& record) {
    table.row(
        {"txid", "ordertxid", "pair", "time", "type", "ordertype", "price", "cost", "fee", "vol", "margin"}
    );
    for (const Trade* trade : desk.engine.trades(record.account)) {
        if (trade->time < record.from || trade->time > record.until) continue;
        const Pair& pair = *trade->pair;
        table.row({
            trade->id,
            trade->order,
            pair.id,
            seconds_text(trade->time),
            std::string(side_name(trade->side)),
            std::string(kind_name(trade->kind)),
            trade->price.show(pair.price_decimals),
            trade->cost.show(pair.cost_decimals),
            trade->fee.show(pair.cost_decimals),
            trade->volume.show(pair.volume_decimals),
            trade->margin.show(pair.cost_decimals),
        });
    }
}

void write_ledgers(Table& table, const Desk& desk, const ExportRecord& record) {
    table.row({"txid", "refid", "time", "type", "subtype", "aclass", "asset", "amount", "fee", "balance"});
    for (const auto& line : desk.books.lines()) {
        if (line.account != record.account || line.time < record.from || line.time > record.until) continue;
        const int places = decimals_of(line.asset);
        table.row({
            line.id,
            line.refid,
            seconds_text(line.time),
            line.type,
            line.subtype,
            "currency",
            line.asset,
            line.amount.show(places),
            line.fee.show(places),
            line.balance.show(places),
        });
    }
}

}  // namespace

std::string add_export(Desk& desk, Request& request) {
    auto& args = request.args;
    ExportRecord record;
    const auto report = args.one_of("report", {"trades", "ledgers"});
    if (!report) refuse_argument("report");
    record.report = *report;
    record.description = args.needed("description");
    record.format = args.one_of("format", {"CSV", "TSV"}).value_or("CSV");
    record.fields = args.text("fields").value_or("all");
    const auto now = unix_seconds(request.now);
    const auto first = args.whole("starttm", 0, now).value_or(0);
    const auto last = args.whole("endtm", 0, now).value_or(now);
    if (last < first) refuse_argument("endtm");
    done(desk, request);
    record.id = desk.ids.export_id();
    record.account = request.account();
    record.created = request.now;
    record.from = Time(std::chrono::seconds(first));
    record.until = Time(std::chrono::seconds(last)) + std::chrono::nanoseconds(999'999'999);
    desk.exports.push_back(record);
    return JsonObject().text("id", record.id).done();
}

std::string export_status(Desk& desk, Request& request) {
    const auto report = request.args.one_of("report", {"trades", "ledgers"});
    if (!report) refuse_argument("report");
    done(desk, request);
    JsonArray rows;
    for (const auto& record : desk.exports) {
        if (record.account != request.account() || record.report != *report) continue;
        const auto started = record.created + desk.settings.export_queued;
        const auto completed = started + desk.settings.export_processing;
        const auto reached = [&](Time time) {
            return time <= request.now ? std::to_string(unix_seconds(time)) : "0";
        };
        constexpr auto kept = std::chrono::days(14);
        rows.raw(JsonObject()
                     .text("id", record.id)
                     .text("descr", record.description)
                     .text("format", record.format)
                     .text("report", record.report)
                     .text("subtype", "all")
                     .text("status", status_of(desk.settings, record, request.now))
                     .text("flags", "0")
                     .text("fields", record.fields)
                     .text("createdtm", std::to_string(unix_seconds(record.created)))
                     .text("expiretm", std::to_string(unix_seconds(record.created + kept)))
                     .text("starttm", reached(started))
                     .text("completedtm", reached(completed))
                     .text("datastarttm", std::to_string(unix_seconds(record.from)))
                     .text("dataendtm", std::to_string(unix_seconds(record.until)))
                     .text("aclass", "forex")
                     .text("asset", "all")
                     .done());
    }
    return rows.done();
}

std::string retrieve_export(Desk& desk, Request& request) {
    const auto id = request.args.needed("id");
    done(desk, request);
    const ExportRecord& record = needed_record(desk, request, id);
    if (status_of(desk.settings, record, request.now) != "Processed") refuse_argument("id");
    const bool tabs = record.format == "TSV";
    Table table(tabs ? '\t' : ',');
    record.report == "trades" ? write_trades(table, desk, record) : write_ledgers(table, desk, record);
    request.content_type = "application/zip";
    return zipped(record.report + (tabs ? ".tsv" : ".csv"), table.text());
}

std::string remove_export(Desk& desk, Request& request) {
    const auto id = request.args.needed("id");
    const auto type = request.args.one_of("type", {"cancel", "delete"});
    if (!type) refuse_argument("type");
    done(desk, request);
    const ExportRecord& record = needed_record(desk, request, id);
    const bool processed = status_of(desk.settings, record, request.now) == "Processed";
    if (processed != (*type == "delete")) refuse_argument("type");
    std::erase_if(desk.exports, [&](const ExportRecord& candidate) { return candidate.id == id; });
    return JsonObject().flag(*type, true).done();
}

}  // namespace exchange
