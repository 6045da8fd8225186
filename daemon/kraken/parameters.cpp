#include "kraken/parameters.hpp"

#include "base/percent_encoding.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <array>
#include <boost/algorithm/string/predicate.hpp>

namespace krakken::kraken {

using protocol::ErrorCode;
using protocol::JsonKind;

namespace {

// A scalar as form and query carry it: the text of a string, otherwise the JSON as it stands (digits, true,
// false).
std::string scalar_text(std::string_view raw) {
    return protocol::kind_of(raw) == JsonKind::string ? protocol::decode_string(raw) : std::string(raw);
}

bool is_structure(std::string_view raw) {
    const JsonKind kind = protocol::kind_of(raw);
    return kind == JsonKind::array || kind == JsonKind::object;
}

// A value as a query carries it; Kraken takes lists there joined by commas.
Result<std::string> query_text(const std::string& name, std::string_view raw) {
    if (!is_structure(raw)) return scalar_text(raw);
    const auto items = protocol::split_array(raw, protocol::max_request_depth);
    if (!items)
        return protocol::fail(ErrorCode::invalid_params, name + " must be a plain value on a public call");
    std::string text;
    for (const std::string_view item : *items) {
        if (is_structure(item) || protocol::kind_of(item) == JsonKind::null) {
            return protocol::fail(
                ErrorCode::invalid_params, name + " must be a list of plain values on a public call"
            );
        }
        if (item.data() != items->front().data()) text += ',';
        text += scalar_text(item);
    }
    return text;
}

}  // namespace

Result<Parameters> Parameters::parse(std::string_view json, protocol::Body body) {
    Parameters parameters;
    if (body == protocol::Body::json) parameters.form_ = base::BodyForm::json;
    if (json.empty()) return parameters;
    const auto members =
        protocol::split_object(json, protocol::max_request_depth, protocol::Duplicates::refused_everywhere);
    if (!members)
        return protocol::fail(
            ErrorCode::invalid_params, "params must be an object that names no member twice"
        );
    for (const auto& [name, value] : *members) {
        if (protocol::kind_of(value) == JsonKind::null) {
            return protocol::fail(
                ErrorCode::invalid_params, "params must not hold null; leave the member out"
            );
        }
        if (is_structure(value)) parameters.form_ = base::BodyForm::json;
        parameters.fields_.push_back({name, std::string(value)});
    }
    if (auto names = check_names(parameters.fields_); !names)
        return std::unexpected(std::move(names.error()));
    return parameters;
}

Result<Parameters> Parameters::of_body(std::string bytes, base::BodyForm form) {
    auto read = WrittenBody::read(std::move(bytes), form);
    if (!read) return std::unexpected(std::move(read.error()));
    Parameters parameters;
    parameters.fields_ = std::move(read->fields);
    parameters.form_ = form;
    parameters.written_ = std::move(read->body);
    parameters.written_nonce_ = std::move(read->nonce);
    return parameters;
}

Result<Parameters> Parameters::of_query(std::string_view query) {
    auto fields = form_fields(query);
    if (!fields) return std::unexpected(std::move(fields.error()));
    if (auto names = check_names(*fields); !names) return std::unexpected(std::move(names.error()));
    Parameters parameters;
    parameters.fields_ = std::move(*fields);
    return parameters;
}

void Parameters::set(std::string_view name, std::string raw) {
    if (written_) written_->set(name, raw);
    const auto there = std::ranges::find(fields_, name, &Field::name);
    if (there == fields_.end()) {
        fields_.push_back({std::string(name), std::move(raw)});
    } else {
        there->raw = std::move(raw);
    }
}

const std::string* Parameters::find(std::string_view name) const {
    const auto there = std::ranges::find(fields_, name, &Field::name);
    return there == fields_.end() ? nullptr : &there->raw;
}

std::string Parameters::body(base::Nonce nonce) const {
    if (written_) return written_->with_nonce(nonce);
    if (form_ == base::BodyForm::json) {
        std::string body = R"({"nonce":")" + nonce.text() + '"';
        for (const auto& [name, raw] : fields_)
            body += ',' + protocol::quote(name) + ':' + raw;
        return body + '}';
    }
    std::string body = "nonce=" + nonce.text();
    for (const auto& [name, raw] : fields_)
        body += '&' + base::percent_encoded(name) + '=' + base::percent_encoded(scalar_text(raw));
    return body;
}

Result<std::string> Parameters::query() const {
    std::string query;
    for (const auto& [name, raw] : fields_) {
        const auto text = query_text(name, raw);
        if (!text) return std::unexpected(text.error());
        query +=
            (query.empty() ? '?' : '&') + base::percent_encoded(name) + '=' + base::percent_encoded(*text);
    }
    return query;
}

std::string plain_text(std::string_view raw) {
    return is_structure(raw) ? "" : scalar_text(raw);
}

bool is_off(std::string_view raw) {
    constexpr auto words = std::to_array<std::string_view>({"", "0", "false", "none", "null"});
    if (is_structure(raw)) return false;
    const std::string text = scalar_text(raw);
    return std::ranges::any_of(words, [&text](std::string_view word) {
        return boost::algorithm::iequals(text, word);
    });
}

const protocol::Endpoint& as_called(const protocol::Endpoint& endpoint, const Parameters& parameters) {
    const std::string_view acting = endpoint.acting_parameter;
    if (acting.empty()) return endpoint;
    // "New", " new" and "new[]" may be the same to Kraken, so they are the same here.
    const bool acts = std::ranges::any_of(parameters.fields(), [acting](const Parameters::Field& field) {
        return boost::algorithm::istarts_with(leniently_read(field.name), acting) && !is_off(field.raw);
    });
    return acts ? endpoint : protocol::without_acting(endpoint);
}

}  // namespace krakken::kraken
