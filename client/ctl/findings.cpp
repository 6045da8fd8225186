#include "findings.hpp"

#include <utility>

#include "protocol/json_text.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

constexpr std::size_t check_width = 16;
constexpr std::size_t result_width = 6;
constexpr std::size_t detail_column = check_width + 2 + result_width + 2;

std::string padded(std::string_view text, std::size_t width) {
    std::string cell(text);
    if (const std::size_t wide = display_width(text); wide < width) cell.append(width - wide, ' ');
    return cell;
}

std::string_view name(Verdict verdict, bool loud) {
    switch (verdict) {
        case Verdict::ok:
            return "ok";
        case Verdict::warn:
            return "warn";
        case Verdict::fail:
            return loud ? "FAIL" : "fail";
    }
    std::unreachable();
}

// `text` below the title DETAIL, behind what stands in front of it.
std::string in_detail_column(const std::string& front, std::string_view text) {
    // wrap() counts the first line from the indent, which is where `front` ends.
    std::string lines = front;
    if (display_width(front) > detail_column) lines += "\n" + std::string(detail_column, ' ');
    return lines + wrap(printable(text), detail_column);
}

std::string readable(const Finding& finding) {
    const std::string front = padded(printable(finding.check), check_width) + "  " +
                              padded(name(finding.verdict, true), result_width) + "  ";
    std::string text = in_detail_column(front, finding.detail);
    if (!finding.remedy.empty())
        text += in_detail_column(std::string(detail_column, ' '), "> " + finding.remedy);
    return text;
}

}  // namespace

std::string readable_findings(const Findings& findings) {
    std::string text = padded("CHECK", check_width) + "  " + padded("RESULT", result_width) + "  DETAIL\n";
    for (const Finding& finding : findings)
        text += readable(finding);
    return text;
}

std::string findings_json(const Findings& findings) {
    std::string json = "[";
    for (const Finding& finding : findings) {
        if (json.size() > 1) json += ",";
        json += "{\"check\":" + protocol::quote(finding.check);
        json += ",\"result\":" + protocol::quote(name(finding.verdict, false));
        json += ",\"detail\":" + protocol::quote(finding.detail);
        if (!finding.remedy.empty()) json += ",\"remedy\":" + protocol::quote(finding.remedy);
        json += "}";
    }
    return json + "]";
}

}  // namespace krakken::ctl
