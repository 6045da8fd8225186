// kraken/parameters: what is sent is well formed, and every number keeps its text.

#include "kraken/parameters.hpp"
#include "base/percent_encoding.hpp"

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "targets.hpp"

#include <algorithm>

namespace krakken::fuzz {

namespace {

using protocol::JsonKind;

bool is_form(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               std::string_view("-._~%&=").contains(c);
    });
}

void check_form(const std::string& body, const std::vector<protocol::JsonMember>& members) {
    require(is_form(body), "a form holds nothing that needs escaping");
    require(std::ranges::count(body, '&') == std::ssize(members), "a form has every field once");
    for (const auto& [name, raw] : members) {
        if (protocol::kind_of(raw) != JsonKind::number) continue;
        const std::string field = '&' + base::percent_encoded(name) + '=' + base::percent_encoded(raw);
        require((body + '&').contains(field + '&'), "a number keeps its text in a form");
    }
}

void check_json_body(const std::string& body, const std::vector<protocol::JsonMember>& members) {
    const auto written = protocol::split_object(body, protocol::max_request_depth);
    require(written && written->size() == members.size() + 1, "a body is an object with every member");
    require(written->front().name == "nonce" && written->front().value == "\"42\"", "the nonce comes first");
    for (std::size_t i = 0; i < members.size(); ++i) {
        require(written->at(i + 1).name == members[i].name, "members keep their order and names");
        require(written->at(i + 1).value == members[i].value, "every value keeps its text");
    }
}

}  // namespace

void parameters(Input input) {
    const std::string_view text = text_of(input);
    const auto read = kraken::Parameters::parse(text);
    if (!read || text.empty()) return;
    const auto members = protocol::split_object(text, protocol::max_request_depth);
    require(members.has_value(), "params are an object");

    const std::string body = read->body(base::Nonce(42));
    if (read->form() == base::BodyForm::form) {
        check_form(body, *members);
    } else {
        check_json_body(body, *members);
    }
    const auto query = read->query();
    if (!query || members->empty()) return;
    require(query->starts_with('?') && is_form(query->substr(1)), "a query is a form");
}

}  // namespace krakken::fuzz
