#include "kraken/reply.hpp"

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <sodium.h>

#include <fmt/format.h>

namespace krakken::kraken {

namespace {

using protocol::JsonKind;

// RetrieveExport answers with a zip file; its errors are JSON like everybody's.
bool is_file(std::string_view content_type) {
    return content_type.starts_with("application/zip") ||
           content_type.starts_with("application/octet-stream");
}

std::string base64(std::string_view bytes) {
    constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
    std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
    sodium_bin2base64(
        text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), variant
    );
    text.pop_back();  // libsodium ends it with a zero byte
    return text;
}

// "WDatabase:No change"; but not a text of no known form that begins with the word "Wrong".
bool is_warning(std::string_view text) {
    return text.size() > 1 && text[0] == 'W' && text[1] >= 'A' && text[1] <= 'Z';
}

// Sorts the texts of "error" into errors and warnings.
bool read_errors(std::string_view raw, Answer& answer) {
    const auto texts = protocol::split_array(raw, protocol::max_reply_depth);
    if (!texts) return false;
    for (const std::string_view text : *texts) {
        if (protocol::kind_of(text) != JsonKind::string) return false;
        std::string decoded = protocol::decode_string(text);
        auto& list = is_warning(decoded) ? answer.warnings : answer.errors;
        list.push_back(std::move(decoded));
    }
    return true;
}

}  // namespace

std::expected<Answer, std::string> read_reply(
    unsigned status, std::string_view content_type, std::string body
) {
    // Kraken answers 200 whatever it says (Earn: 202); every other status comes from something in front of
    // it.
    if (status < 200 || status > 202) return std::unexpected(fmt::format("HTTP status {}", status));

    const auto members = protocol::split_object(body, protocol::max_reply_depth);
    if (!members) {
        if (is_file(content_type) && status == 200) {
            Answer file;
            file.result = fmt::format(
                R"({{"content_type":{},"base64":"{}"}})", protocol::quote(content_type), base64(body)
            );
            return file;
        }
        return std::unexpected(body.starts_with('<') ? "HTML instead of JSON" : "not a whole JSON object");
    }

    Answer answer;
    const auto* errors = protocol::find(*members, "error");
    if (!errors || !read_errors(errors->value, answer))
        return std::unexpected("JSON without a list of errors");
    const auto* result = protocol::find(*members, "result");
    if (!result && answer.errors.empty()) return std::unexpected("neither result nor error");
    if (result) {
        answer.result = result->value;
        protocol::make_one_line(answer.result);
    }
    return answer;
}

}  // namespace krakken::kraken
