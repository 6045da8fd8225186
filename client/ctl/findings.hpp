#pragma once

// What `doctor` found: one line per check, with the remedy where something is wrong.

#include <algorithm>
#include <string>
#include <vector>

namespace krakken::ctl {

enum class Verdict { ok, warn, fail };

struct Finding {
    std::string check;
    Verdict verdict = Verdict::ok;
    std::string detail;
    std::string remedy = {};  // empty where it is ok
};

using Findings = std::vector<Finding>;

inline bool any_failed(const Findings& findings) {
    return std::ranges::any_of(findings, [](const Finding& finding) {
        return finding.verdict == Verdict::fail;
    });
}

// The table "CHECK  RESULT  DETAIL"; a remedy stands below its detail.
std::string readable_findings(const Findings& findings);

// [{"check", "result": "ok" | "warn" | "fail", "detail", "remedy"?}]
std::string findings_json(const Findings& findings);

}  // namespace krakken::ctl
