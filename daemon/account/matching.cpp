#include "account/matching.hpp"

#include "base/decimal.hpp"
#include "kraken/pair_name.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cctype>
#include <set>

namespace krakken::account {

using kraken::ListedOrder;
using kraken::same_decimal;
using protocol::JsonMember;
using protocol::quote;

namespace {

enum class Fit { no, yes, unclear };

// How well Kraken's clock is known, and how far an order's own time may lie from that of its arrival.
constexpr std::chrono::seconds clock_error{10};

// Kraken keeps a UUID as 128 bits, so hyphens and case may come back otherwise.
std::string folded_id(const std::string& id) {
    std::string hex;
    for (const char c : id)
        if (c != '-') hex += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool is_uuid = hex.size() == 32 && std::ranges::all_of(hex, [](char c) {
                             return std::isxdigit(static_cast<unsigned char>(c));
                         });
    return is_uuid ? hex : id;
}

bool carries(const ListedOrder& listed, const Tag& tag) {
    switch (tag.kind) {
        case Tag::Kind::none:
            return true;
        case Tag::Kind::userref:
            return plain_userref(listed.userref) == tag.value;
        case Tag::Kind::cl_ord_id:
            return folded_id(listed.cl_ord_id) == folded_id(tag.value);
    }
    std::unreachable();
}

bool is_older(const std::optional<base::Time>& time, const Sought& sought) {
    return time && sought.sent_at && *time < *sought.sent_at - clock_error;
}

bool has_no_time(const std::optional<base::Time>& time, const Sought& sought) {
    return !time || !sought.sent_at;
}

// Said, and plainly not the same.
bool differ(const std::string& said, const std::string& shown) {
    return !said.empty() && !same_decimal(said, shown).value_or(true);
}

// What an amendment, an edit or Kraken itself may have written otherwise than the caller did.
bool words_differ(const SoughtOrder& row, const ListedOrder& listed) {
    if (!row.pair.empty() && kraken::canonical_pair(row.pair) != kraken::canonical_pair(listed.pair))
        return true;
    if (differ(row.volume, listed.volume)) return true;
    return row.type != "market" && (differ(row.price, listed.price) || differ(row.price2, listed.price2));
}

Fit fit(const SoughtOrder& row, const Sought& sought, const ListedOrder& listed, const Claims& claims) {
    if (claims.knows(listed.txid) || !carries(listed, row.tag)) return Fit::no;
    if (!row.side.empty() && row.side != listed.side) return Fit::no;
    if (!row.type.empty() && row.type != listed.type) return Fit::no;
    if (row.tag.ours) return words_differ(row, listed) ? Fit::unclear : Fit::yes;
    if (is_older(listed.opened_at, sought)) return Fit::no;
    // Without a tag it may be anybody's.
    if (row.tag.kind == Tag::Kind::none || has_no_time(listed.opened_at, sought)) return Fit::unclear;
    const bool contested = std::ranges::find(claims.contested, row.tag) != claims.contested.end();
    return contested || words_differ(row, listed) ? Fit::unclear : Fit::yes;
}

void note(Finding& finding, Fit fit, Trace trace) {
    if (fit == Fit::unclear) finding.unclear = true;
    if (fit != Fit::yes) return;
    const bool there = std::ranges::find(finding.traces, trace.id, &Trace::id) != finding.traces.end();
    if (!there) finding.traces.push_back(std::move(trace));
}

// An order that fits two rows is one order, and nobody knows of which.
void leave_open_what_is_claimed_twice(std::vector<Finding>& findings) {
    std::set<std::string> once;
    std::set<std::string> twice;
    for (const Finding& finding : findings)
        for (const Trace& trace : finding.traces)
            if (!once.insert(trace.id).second) twice.insert(trace.id);
    for (Finding& finding : findings)
        if (std::ranges::any_of(finding.traces, [&](const Trace& trace) { return twice.contains(trace.id); }))
            finding.unclear = true;
}

// A row of AddOrderBatch.
std::string placed_result(const ListedOrder& listed) {
    const std::string close = listed.close.empty() ? "" : R"(,"close":)" + listed.close;
    return fmt::format(R"({{"txid":{},"descr":{{"order":{}}}{}}})", quote(listed.txid), listed.order, close);
}

// AddOrder has its txid in a list, and the close among the words.
std::string alone(const Trace& trace) {
    const auto members = *protocol::split_object(trace.result, protocol::max_reply_depth);
    std::string words(protocol::find(members, "descr")->value);
    if (const JsonMember* close = protocol::find(members, "close"))
        words.insert(words.size() - 1, R"(,"close":)" + std::string(close->value));
    return fmt::format(R"({{"descr":{},"txid":[{}]}})", words, quote(trace.id));
}

// `original` may not be listed any more.
std::string edited_result(
    const ListedOrder& listed, const std::string& original_txid, const ListedOrder* original
) {
    const std::string before = original ? original->userref : "";
    const bool is_new = !listed.userref.empty() && listed.userref != before;
    return fmt::format(
        R"({{"status":"ok","txid":{},"originaltxid":{},"volume":{},"price":{},"price2":{},"orders_cancelled":1,"descr":{{"order":{}}}{}{}}})",
        quote(listed.txid),
        quote(original_txid),
        quote(listed.volume),
        quote(listed.price),
        quote(listed.price2),
        listed.order,
        is_new ? R"(,"newuserref":)" + listed.userref : "",
        before.empty() ? "" : R"(,"olduserref":)" + before
    );
}

std::string text_of(const std::vector<JsonMember>& members, std::string_view name) {
    const JsonMember* member = protocol::find(members, name);
    return member ? kraken::plain_text(member->value) : "";
}

// OrderAmends tells nanoseconds.
std::optional<base::Time> time_of_amend(std::string digits) {
    constexpr std::size_t below_seconds = 9;
    if (digits.size() <= below_seconds) return std::nullopt;
    digits.insert(digits.size() - below_seconds, ".");
    return kraken::listed_time(digits);
}

Fit fit_amend(
    const SoughtOrder& row, const Sought& sought, const std::vector<JsonMember>& amend, const Claims& claims
) {
    if (text_of(amend, "amend_type") != "user" || claims.knows(text_of(amend, "amend_id"))) return Fit::no;
    const auto time = time_of_amend(text_of(amend, "timestamp"));
    if (is_older(time, sought)) return Fit::no;
    const bool unlike = differ(row.volume, text_of(amend, "order_qty")) ||
                        differ(row.price, text_of(amend, "limit_price")) ||
                        differ(row.price2, text_of(amend, "trigger_price"));
    return unlike || has_no_time(time, sought) ? Fit::unclear : Fit::yes;
}

// Kraken lists what arrives and what it costs; their sum is what was asked for. (Where it lists the whole,
// that is it as well.)
bool is_amount(const std::string& asked, const std::vector<JsonMember>& entry) {
    const std::string listed = text_of(entry, "amount");
    if (same_decimal(asked, listed).value_or(false)) return true;
    const auto whole = base::Decimal::parse(asked);
    const auto amount = base::Decimal::parse(listed);
    const auto fee = base::Decimal::parse(text_of(entry, "fee"));
    return whole && amount && fee && *amount + *fee == *whole;
}

Fit fit_movement(const Sought& sought, const std::vector<JsonMember>& entry, const Claims& claims) {
    if (claims.knows(text_of(entry, "refid"))) return Fit::no;
    const auto time = kraken::listed_time(text_of(entry, "time"));
    if (is_older(time, sought)) return Fit::no;
    if (!sought.key.empty() && sought.key != text_of(entry, "key")) return Fit::no;
    return is_amount(sought.amount, entry) && !has_no_time(time, sought) ? Fit::yes : Fit::unclear;
}

}  // namespace

std::vector<Finding> find_orders(
    const Sought& sought, const std::vector<ListedOrder>& listed, const Claims& claims
) {
    std::vector<Finding> findings;
    for (const SoughtOrder& row : sought.rows) {
        Finding& finding = findings.emplace_back();
        for (const ListedOrder& order : listed)
            note(finding, fit(row, sought, order, claims), {order.txid, placed_result(order), order.living});
    }
    leave_open_what_is_claimed_twice(findings);
    return findings;
}

// Kraken cancels the order and opens another, which names it. So while it is open, it was not edited.
std::vector<Finding> find_edit(
    const Sought& sought, const std::vector<ListedOrder>& listed, const Claims& claims
) {
    Finding finding;
    const SoughtOrder& row = sought.rows.front();
    const auto found = std::ranges::find(listed, sought.txid, &ListedOrder::txid);
    const ListedOrder* const original = found == listed.end() ? nullptr : &*found;
    if (original && original->living) return {Finding{}};
    for (const ListedOrder& order : listed) {
        if (order.refid == sought.txid && !claims.knows(order.txid)) {
            note(
                finding,
                words_differ(row, order) ? Fit::unclear : Fit::yes,
                {order.txid, edited_result(order, sought.txid, original), order.living}
            );
        }
    }
    // It has ended, or was named by its userref: nobody can tell by what.
    if (finding.traces.empty() || !original) finding.unclear = true;
    return {finding};
}

std::optional<std::vector<Finding>> find_amend(
    const Sought& sought, std::string_view answer, const Claims& claims
) {
    const auto members = protocol::split_object(answer, protocol::max_reply_depth);
    const JsonMember* list = members ? protocol::find(*members, "amends") : nullptr;
    const auto amends = list ? protocol::split_array(list->value, protocol::max_reply_depth)
                             : std::unexpected(protocol::JsonFault::syntax);
    if (!amends) return std::nullopt;
    Finding finding;
    for (const std::string_view raw : *amends) {
        const auto amend = protocol::split_object(raw, protocol::max_reply_depth);
        if (!amend) return std::nullopt;
        const std::string id = text_of(*amend, "amend_id");
        const std::string result = fmt::format(R"({{"amend_id":{}}})", quote(id));
        note(finding, fit_amend(sought.rows.front(), sought, *amend, claims), {id, result});
    }
    return std::vector{finding};
}

std::optional<std::vector<Finding>> find_movement(
    const Sought& sought, std::string_view answer, const Claims& claims
) {
    const auto entries = protocol::split_array(answer, protocol::max_reply_depth);
    if (!entries) return std::nullopt;
    Finding finding;
    for (const std::string_view raw : *entries) {
        const auto entry = protocol::split_object(raw, protocol::max_reply_depth);
        if (!entry) return std::nullopt;
        const std::string id = text_of(*entry, "refid");
        const std::string result = fmt::format(R"({{"refid":{}}})", quote(id));
        note(finding, fit_movement(sought, *entry, claims), {id, result});
    }
    return std::vector{finding};
}

std::string result_of(const protocol::Endpoint& endpoint, const std::vector<Finding>& findings) {
    if (endpoint.name == "AddOrder") return alone(findings.front().traces.front());
    if (endpoint.name != "AddOrderBatch") return findings.front().traces.front().result;
    std::vector<std::string> rows;
    for (const Finding& finding : findings) {
        rows.push_back(
            finding.traces.empty()
                ? R"({"error":"krakkend: not placed; no answer came, and the order is not there"})"
                : finding.traces.front().result
        );
    }
    return fmt::format(R"({{"orders":[{}]}})", fmt::join(rows, ","));
}

}  // namespace krakken::account
