#include "audit_chain.hpp"

#include <sodium.h>

#include <array>

namespace krakken::state {

namespace {

void add(std::string& text, std::string_view part) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
    text += ',';
}

}  // namespace

std::string chain_hash(std::string_view previous, std::int64_t number, const AuditEntry& entry) {
    std::string text;
    text.reserve(320);
    add(text, "krakkend audit 1");
    add(text, previous);
    add(text, std::to_string(number));
    add(text, std::to_string(entry.at.time_since_epoch().count()));
    add(text, std::to_string(entry.caller.uid));
    add(text, std::to_string(entry.caller.pid));
    add(text, entry.caller.program);
    add(text, entry.what);
    add(text, entry.account);
    add(text, entry.key);
    add(text, std::to_string(entry.nonce));
    add(text, entry.call_id);
    add(text, entry.ids);
    add(text, entry.outcome);
    std::array<unsigned char, 32> hash{};
    crypto_generichash(
        hash.data(),
        hash.size(),
        reinterpret_cast<const unsigned char*>(text.data()),  // text as bytes
        text.size(),
        nullptr,
        0
    );
    std::string hex(hash.size() * 2 + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
    hex.pop_back();
    return hex;
}

void AuditCheck::look_from(std::int64_t first, const AuditMark& removed) {
    verdict_.first = first;
    // Rows that were removed while they had been looked at already, or before they could be.
    if (removed.row > position_.row) position_ = removed;
    // What a checkpoint says is gone has come back.
    if (first != 0 && first <= removed.row) broken(first);
}

void AuditCheck::next(const AuditRow& row) {
    if (ended_) return;
    if (row.number != position_.row + 1) return broken(position_.row + 1);
    if (row.hash != chain_hash(position_.hash, row.number, row.entry)) return broken(row.number);
    position_ = {row.number, row.hash};
    ++verdict_.rows;
}

void AuditCheck::end(const AuditMark& head) {
    verdict_.head = head;
    if (!ended_ && position_.row < head.row) broken(position_.row + 1);
    if (!ended_ && (position_.row > head.row || position_.hash != head.hash)) broken(position_.row);
    ended_ = true;
}

void AuditCheck::broken(std::int64_t row) {
    if (!verdict_.broken_at) verdict_.broken_at = row;
    ended_ = true;
}

}  // namespace krakken::state
