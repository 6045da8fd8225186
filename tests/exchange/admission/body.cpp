#include "tests/exchange/admission/body.hpp"

#include <strings.h>
#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>

namespace exchange::front {

namespace {

bool has(const Params& params, std::string_view name) {
    for (const auto& [present, value] : params) {
        if (present == name) return true;
    }
    return false;
}

// Takes nonce and otp out of the parameters: they belong to admission, not to the call.
std::optional<std::string> take(Params& params, std::string_view name) {
    const auto found =
        std::find_if(params.begin(), params.end(), [&](const auto& param) { return param.first == name; });
    if (found == params.end()) return std::nullopt;
    std::string text;
    if (found->second.kind == Param::Kind::text || found->second.kind == Param::Kind::number) {
        text = std::move(found->second.text);
    }
    params.erase(found);
    return text;
}

Body to_body(Params params) {
    Body body;
    body.nonce = take(params, "nonce");
    body.otp = take(params, "otp");
    body.params = std::move(params);
    return body;
}

std::optional<std::string> decode_form_text(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            decoded += text[at] == '+' ? ' ' : text[at];
            continue;
        }
        unsigned char byte = 0;
        if (text.size() - at < 3) return std::nullopt;
        const char* digits = text.data() + at + 1;
        if (std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return std::nullopt;
        decoded += static_cast<char>(byte);
        at += 2;
    }
    return decoded;
}

// Boost.JSON's own values would turn numbers into doubles; this handler keeps the text of each (1.10000000,
// 1e-8, 40 digits).
struct Handler {
    static constexpr std::size_t max_object_size = 1000;
    static constexpr std::size_t max_array_size = 1000;
    static constexpr std::size_t max_key_size = 1000;
    static constexpr std::size_t max_string_size = 1 << 20;
    using Error = boost::json::error_code;

    Param root;
    std::vector<Param*> open;  // a container does not grow while a child of it is open, so these stay valid
    std::vector<std::string> keys;
    std::string text;

    bool add(Param value, Error& error) {
        if (open.empty()) {
            root = std::move(value);
            return true;
        }
        Param& parent = *open.back();
        if (parent.kind == Param::Kind::array) {
            parent.items.push_back(std::move(value));
            return true;
        }
        if (has(parent.members, keys.back())) {
            error = boost::json::error::syntax;  // which of two values was meant cannot be known
            return false;
        }
        parent.members.emplace_back(std::move(keys.back()), std::move(value));
        keys.pop_back();
        return true;
    }
    bool add(Param::Kind kind, std::string_view value, Error& error) {
        Param param;
        param.kind = kind;
        param.text = value;
        return add(std::move(param), error);
    }
    bool begin(Param::Kind kind, Error& error) {
        Param* parent = open.empty() ? nullptr : open.back();
        if (!add(kind, "", error)) return false;
        open.push_back(
            parent == nullptr                    ? &root
            : parent->kind == Param::Kind::array ? &parent->items.back()
                                                 : &parent->members.back().second
        );
        return true;
    }
    bool end() {
        open.pop_back();
        return true;
    }

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_object_begin(Error& error) { return begin(Param::Kind::object, error); }
    bool on_object_end(std::size_t, Error&) { return end(); }
    bool on_array_begin(Error& error) { return begin(Param::Kind::array, error); }
    bool on_array_end(std::size_t, Error&) { return end(); }
    bool part(std::string_view more) {
        text += more;
        return true;
    }
    bool whole(Param::Kind kind, std::string_view last, Error& error) {
        text += last;
        return add(kind, std::exchange(text, {}), error);
    }
    bool on_key_part(boost::json::string_view more, std::size_t, Error&) { return part(more); }
    bool on_key(boost::json::string_view last, std::size_t, Error&) {
        text += std::string_view(last);
        keys.push_back(std::exchange(text, {}));
        return true;
    }
    bool on_string_part(boost::json::string_view more, std::size_t, Error&) { return part(more); }
    bool on_string(boost::json::string_view last, std::size_t, Error& error) {
        return whole(Param::Kind::text, last, error);
    }
    bool on_number_part(boost::json::string_view more, Error&) { return part(more); }
    bool on_int64(std::int64_t, boost::json::string_view last, Error& error) {
        return whole(Param::Kind::number, last, error);
    }
    bool on_uint64(std::uint64_t, boost::json::string_view last, Error& error) {
        return whole(Param::Kind::number, last, error);
    }
    bool on_double(double, boost::json::string_view last, Error& error) {
        return whole(Param::Kind::number, last, error);
    }
    bool on_bool(bool value, Error& error) {
        return add(Param::Kind::boolean, value ? "true" : "false", error);
    }
    bool on_null(Error& error) { return add(Param::Kind::null, "", error); }
    bool on_comment_part(boost::json::string_view, Error&) { return true; }
    bool on_comment(boost::json::string_view, Error&) { return true; }
};

}  // namespace

std::optional<bool> content_type_is_json(std::string_view content_type) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (!type.empty() && type.back() == ' ')
        type.remove_suffix(1);
    const auto is = [&](std::string_view name) {
        return type.size() == name.size() && strncasecmp(type.data(), name.data(), name.size()) == 0;
    };
    if (is("application/json")) return true;
    if (is("application/x-www-form-urlencoded")) return false;
    return std::nullopt;
}

std::expected<Body, std::string> parse_form(std::string_view text) {
    Params params;
    while (!text.empty()) {
        const auto ampersand = text.find('&');
        const std::string_view field = text.substr(0, ampersand);
        text.remove_prefix(ampersand == std::string_view::npos ? text.size() : ampersand + 1);
        const auto equals = field.find('=');
        const auto name = decode_form_text(field.substr(0, equals));
        const auto value = decode_form_text(equals == std::string_view::npos ? "" : field.substr(equals + 1));
        if (!name || name->empty() || !value) return std::unexpected("malformed form field");
        if (!name->ends_with("[]") && has(params, *name)) return std::unexpected("twice: " + *name);
        params.emplace_back(
            *name, Param{.kind = Param::Kind::text, .text = *value, .items = {}, .members = {}}
        );
    }
    return to_body(std::move(params));
}

std::expected<Body, std::string> parse_json_body(std::string_view text) {
    boost::json::basic_parser<Handler> parser{boost::json::parse_options{}};
    boost::json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (error) return std::unexpected(error.message());
    if (read != text.size()) return std::unexpected("something follows the JSON text");
    Param& root = parser.handler().root;
    if (root.kind != Param::Kind::object) return std::unexpected("the JSON text is not an object");
    return to_body(std::move(root.members));
}

}  // namespace exchange::front
