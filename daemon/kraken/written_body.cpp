#include "kraken/written_body.hpp"

#include "base/percent_encoding.hpp"
#include "kraken/parameters.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace krakken::kraken {

using base::BodyForm;
using protocol::ErrorCode;
using protocol::JsonKind;

namespace {

std::unexpected<protocol::Error> unusable(std::string message) {
    return protocol::fail(ErrorCode::invalid_params, std::move(message));
}

}  // namespace

Result<WrittenBody> WrittenBody::read(std::string bytes, BodyForm form) {
    // What is added to JSON goes before the brace at its end.
    if (form == BodyForm::json) bytes.erase(bytes.find_last_not_of(" \t\r\n") + 1);
    WrittenBody body(std::move(bytes), form);
    const auto read = form == BodyForm::json ? body.read_json() : body.read_form();
    if (!read) return std::unexpected(read.error());
    if (body.client_nonce_.empty()) body.add_nonce();
    return body;
}

Result<void> WrittenBody::read_form() {
    std::size_t end = 0;
    for (std::size_t begin = 0; begin < bytes_.size(); begin = end + 1) {
        end = std::min(bytes_.find('&', begin), bytes_.size());
        if (end == begin) continue;
        const std::size_t equals = bytes_.find('=', begin);
        if (equals >= end) return unusable("a field of the body has no value");
        const Span value{equals + 1, end - equals - 1};
        const std::string_view text = bytes_;
        auto name = base::percent_decoded(text.substr(begin, equals - begin));
        const auto content = base::percent_decoded(text.substr(value.begin, value.size));
        if (!name || !content || !protocol::is_utf8(*name) || !protocol::is_utf8(*content))
            return unusable("the body is not a form in UTF-8");
        const auto added =
            *name == "nonce" ? take_nonce(value) : add(std::move(*name), protocol::quote(*content), value);
        if (!added) return added;
    }
    return {};
}

Result<void> WrittenBody::read_json() {
    const auto members =
        protocol::split_object(bytes_, protocol::max_request_depth, protocol::Duplicates::refused_everywhere);
    if (!members) return unusable("the body is not a JSON object that names no member twice");
    for (const auto& [name, raw] : *members) {
        const Span value{static_cast<std::size_t>(raw.data() - bytes_.data()), raw.size()};
        const bool quoted = protocol::kind_of(raw) == JsonKind::string;
        const Span digits = quoted ? Span{value.begin + 1, value.size - 2} : value;
        const auto added = name == "nonce" ? take_nonce(digits) : add(name, std::string(raw), value);
        if (!added) return added;
    }
    return {};
}

Result<void> WrittenBody::add(std::string name, std::string raw, Span value) {
    if (name.empty()) return unusable("a field of the body has no name");
    if (name == "otp") return unusable("the body must not hold otp: krakkend adds it");
    if (protocol::kind_of(raw) == JsonKind::null)
        return unusable("the body must not hold null; leave the member out");
    if (find(name) != members_.end()) return unusable("the body names a field twice");
    members_.push_back({{std::move(name), std::move(raw)}, value});
    return {};
}

Result<void> WrittenBody::take_nonce(Span digits) {
    if (!client_nonce_.empty()) return unusable("the body names a field twice");
    client_nonce_ = bytes_.substr(digits.begin, digits.size);
    nonce_ = digits;
    std::uint64_t number = 0;
    const char* const behind = client_nonce_.data() + client_nonce_.size();
    const auto [end, problem] = std::from_chars(client_nonce_.data(), behind, number);
    if (problem == std::errc() && end == behind) return {};
    return protocol::fail(ErrorCode::nonce, "the body's nonce is no number of 64 bits");
}

// In front, as krakkend writes it.
void WrittenBody::add_nonce() {
    const bool form = form_ == BodyForm::form;
    const std::size_t begin = form ? 0 : bytes_.find('{') + 1;
    const std::string before = form ? "nonce=" : R"("nonce":")";
    std::string text = before + (form ? "" : "\"");
    if (!members_.empty()) text += form ? '&' : ',';
    replace({begin, 0}, text);
    nonce_ = {begin + before.size(), 0};
}

std::vector<Field> WrittenBody::fields() const {
    std::vector<Field> fields;
    for (const Member& member : members_)
        fields.push_back(member.field);
    return fields;
}

void WrittenBody::set(std::string_view name, std::string_view raw) {
    const std::string text =
        form_ == BodyForm::json ? std::string(raw) : base::percent_encoded(plain_text(raw));
    auto member = find(name);
    if (member == members_.end()) {
        const bool form = form_ == BodyForm::form;
        const std::size_t end = form ? bytes_.size() : bytes_.size() - 1;  // before the brace
        const std::string before =
            form ? "&" + base::percent_encoded(name) + "=" : "," + protocol::quote(name) + ":";
        bytes_.insert(end, before);
        member = members_.insert(members_.end(), Member{{std::string(name), ""}, {end + before.size(), 0}});
    }
    member->field.raw = raw;
    replace(member->value, text);
    member->value.size = text.size();
}

std::string WrittenBody::with_nonce(base::Nonce nonce) const {
    std::string bytes = bytes_;
    return bytes.replace(nonce_.begin, nonce_.size, nonce.text());
}

std::vector<WrittenBody::Member>::iterator WrittenBody::find(std::string_view name) {
    return std::ranges::find(members_, name, [](const Member& member) {
        return std::string_view(member.field.name);
    });
}

// What stands behind it moves.
void WrittenBody::replace(Span span, std::string_view text) {
    bytes_.replace(span.begin, span.size, text);
    const auto move = [&](Span& other) {
        if (other.begin > span.begin) other.begin = other.begin + text.size() - span.size;
    };
    for (Member& member : members_)
        move(member.value);
    move(nonce_);
}

}  // namespace krakken::kraken
