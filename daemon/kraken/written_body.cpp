#include "kraken/written_body.hpp"

#include "base/percent_encoding.hpp"
#include "kraken/parameters.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <charconv>
#include <compare>
#include <cstdint>

namespace krakken::kraken {

using base::BodyForm;
using protocol::ErrorCode;
using protocol::JsonKind;

namespace {

std::unexpected<protocol::Error> unusable(std::string message) {
    return protocol::fail(ErrorCode::invalid_params, std::move(message));
}

// Kraken might end a field at a semicolon, as some readers do, and nobody has to write these plainly.
bool is_ambiguous_in_a_form(char c) {
    return c == ';' || static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
}

// Calls take(name, value's raw JSON, where its text begins, that text's size).
template <class Take>
Result<void> split_form(std::string_view text, Take take) {
    if (std::ranges::any_of(text, is_ambiguous_in_a_form))
        return unusable("a form must not hold semicolons, white space or control characters as they are");
    std::size_t end = 0;
    for (std::size_t begin = 0; begin < text.size(); begin = end + 1) {
        end = std::min(text.find('&', begin), text.size());
        if (end == begin) continue;
        const std::size_t equals = text.find('=', begin);
        if (equals >= end) return unusable("a field of a form has no value");
        auto name = base::percent_decoded(text.substr(begin, equals - begin));
        const auto content = base::percent_decoded(text.substr(equals + 1, end - equals - 1));
        if (!name || !content || !protocol::is_utf8(*name) || !protocol::is_utf8(*content))
            return unusable("a form is wrongly encoded, or not in UTF-8");
        const Result<void> taken =
            take(std::move(*name), protocol::quote(*content), equals + 1, end - equals - 1);
        if (!taken) return taken;
    }
    return {};
}

}  // namespace

std::string leniently_read(std::string_view name) {
    const auto begin =
        std::ranges::find_if(name, [](char c) { return static_cast<unsigned char>(c) > 0x20; });
    constexpr std::string_view ends("[\0", 2);
    std::string text;
    for (const char c : std::string_view(begin, name.end())) {
        if (ends.contains(c)) break;
        text += c == '.' || c == ' ' ? '_' : c;
    }
    return text;
}

Result<void> check_names(const std::vector<Field>& fields) {
    struct Name {
        std::string folded;
        bool is_list;  // of several values, with brackets
        std::string_view whole;
        auto operator<=>(const Name&) const = default;
    };
    std::vector<Name> names;
    for (const Field& field : fields) {
        Name name{leniently_read(field.name), field.name.contains('['), field.name};
        if (name.folded.empty()) return unusable("a member of params has no name");
        if (name.folded == "nonce" || name.folded == "otp")
            return unusable("params must not hold " + name.folded + ": krakkend adds it");
        names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names, [](const Name& one, const Name& next) {
        return one.folded == next.folded && (!one.is_list || one.whole == next.whole);
    });
    if (twice != names.end()) return unusable("params must not name a member twice");
    return {};
}

Result<std::vector<Field>> form_fields(std::string_view text) {
    std::vector<Field> fields;
    const auto split =
        split_form(text, [&](std::string name, std::string raw, std::size_t, std::size_t) -> Result<void> {
            fields.push_back({std::move(name), std::move(raw)});
            return {};
        });
    if (!split) return std::unexpected(split.error());
    return fields;
}

Result<WrittenBody::Read> WrittenBody::read(std::string bytes, BodyForm form) {
    // What is added to JSON goes before the brace at its end.
    if (form == BodyForm::json) bytes.erase(bytes.find_last_not_of(" \t\r\n") + 1);
    WrittenBody body(std::move(bytes), form);
    auto fields = form == BodyForm::json ? body.read_json() : body.read_form();
    if (!fields) return std::unexpected(std::move(fields.error()));
    if (auto names = check_names(*fields); !names) return std::unexpected(std::move(names.error()));
    std::optional<std::string> nonce;
    if (body.has_nonce_) {
        nonce = body.bytes_.substr(body.nonce_.begin, body.nonce_.size);
    } else {
        body.add_nonce();
    }
    return Read{std::move(body), std::move(*fields), std::move(nonce)};
}

Result<std::vector<Field>> WrittenBody::read_form() {
    std::vector<Field> fields;
    const auto split = split_form(
        bytes_,
        [&](std::string name, std::string raw, std::size_t begin, std::size_t size) -> Result<void> {
            if (name == "nonce") return take_nonce({begin, size});
            places_.push_back({name, {begin, size}});
            fields.push_back({std::move(name), std::move(raw)});
            return {};
        }
    );
    if (!split) return std::unexpected(split.error());
    return fields;
}

Result<std::vector<Field>> WrittenBody::read_json() {
    const auto members =
        protocol::split_object(bytes_, protocol::max_request_depth, protocol::Duplicates::refused_everywhere);
    if (!members) return unusable("the body is not a JSON object that names no member twice");
    std::vector<Field> fields;
    for (const auto& [name, raw] : *members) {
        const Span value{static_cast<std::size_t>(raw.data() - bytes_.data()), raw.size()};
        const JsonKind kind = protocol::kind_of(raw);
        if (name == "nonce") {
            const bool quoted = kind == JsonKind::string;
            const auto taken = take_nonce(quoted ? Span{value.begin + 1, value.size - 2} : value);
            if (!taken) return std::unexpected(taken.error());
        } else if (kind == JsonKind::null) {
            return unusable("the body must not hold null; leave the member out");
        } else {
            places_.push_back({name, value});
            fields.push_back({name, std::string(raw)});
        }
    }
    return fields;
}

Result<void> WrittenBody::take_nonce(Span digits) {
    if (std::exchange(has_nonce_, true)) return unusable("the body names the nonce twice");
    nonce_ = digits;
    std::uint64_t number = 0;
    const char* const begin = bytes_.data() + digits.begin;
    const auto [end, problem] = std::from_chars(begin, begin + digits.size, number);
    constexpr std::size_t most_digits = std::numeric_limits<std::uint64_t>::digits10 + 1;  // no endless zeros
    if (problem == std::errc() && end == begin + digits.size && digits.size <= most_digits) return {};
    return protocol::fail(ErrorCode::nonce, "the body's nonce is no number of 64 bits");
}

// In front, as krakkend writes it.
void WrittenBody::add_nonce() {
    const bool form = form_ == BodyForm::form;
    const std::size_t begin = form ? 0 : bytes_.find('{') + 1;
    const std::string before = form ? "nonce=" : R"("nonce":")";
    std::string text = before + (form ? "" : "\"");
    if (!places_.empty()) text += form ? '&' : ',';
    replace({begin, 0}, text);
    nonce_ = {begin + before.size(), 0};
}

void WrittenBody::set(std::string_view name, std::string_view raw) {
    const bool form = form_ == BodyForm::form;
    const std::string text = form ? base::percent_encoded(plain_text(raw)) : std::string(raw);
    auto place = std::ranges::find(places_, name, &Place::name);
    if (place == places_.end()) {
        const std::size_t end = form ? bytes_.size() : bytes_.size() - 1;  // before the brace
        const std::string before =
            form ? "&" + base::percent_encoded(name) + "=" : "," + protocol::quote(name) + ":";
        bytes_.insert(end, before);
        place = places_.insert(places_.end(), Place{std::string(name), {end + before.size(), 0}});
    }
    replace(place->value, text);
    place->value.size = text.size();
}

std::string WrittenBody::with_nonce(base::Nonce nonce) const {
    std::string bytes = bytes_;
    return bytes.replace(nonce_.begin, nonce_.size, nonce.text());
}

// What stands behind it moves.
void WrittenBody::replace(Span span, std::string_view text) {
    bytes_.replace(span.begin, span.size, text);
    const auto move = [&](Span& other) {
        if (other.begin > span.begin) other.begin = other.begin + text.size() - span.size;
    };
    for (Place& place : places_)
        move(place.value);
    move(nonce_);
}

}  // namespace krakken::kraken
