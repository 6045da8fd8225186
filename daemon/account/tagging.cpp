#include "account/tagging.hpp"

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <sodium.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <array>
#include <utility>

namespace krakken::account {

using protocol::JsonMember;
using protocol::quote;

namespace {

// Positive, and small enough for the 32 bits that Kraken keeps.
std::string random_userref() {
    constexpr std::uint32_t most = 0x7fffffff;
    return std::to_string(1 + randombytes_uniform(most));
}

// A random UUID (RFC 4122, version 4), one of the forms that Kraken takes.
std::string random_uuid() {
    std::array<unsigned char, 16> bytes;
    randombytes_buf(bytes.data(), bytes.size());
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    std::string text = fmt::format("{:02x}", fmt::join(bytes, ""));
    for (const std::size_t at : {8U, 13U, 18U, 23U})
        text.insert(at, 1, '-');
    return text;
}

// Kraken refuses a cl_ord_id beside a conditional close.
std::pair<std::string_view, std::string> new_tag(TagChoice choice, bool has_close) {
    if (choice == TagChoice::cl_ord_id && !has_close) return {"cl_ord_id", quote(random_uuid())};
    return {"userref", random_userref()};
}

bool is_tag(std::string_view name) {
    return name == "userref" || name == "cl_ord_id";
}

// One more member for a row that has no tag; empty where it has one.
std::string tag_for(std::string_view row, TagChoice choice) {
    const auto members = protocol::split_object(row, protocol::max_request_depth);
    if (!members || std::ranges::any_of(*members, is_tag, &JsonMember::name)) return "";
    const auto [name, value] = new_tag(choice, protocol::find(*members, "close") != nullptr);
    return fmt::format("{}{}:{}", members->empty() ? "" : ",", quote(name), value);
}

// Every other byte stays as its caller wrote it.
void tag_batch(kraken::Parameters& parameters, TagChoice choice) {
    const std::string* orders = parameters.find("orders");
    const auto rows = orders ? protocol::split_array(*orders, protocol::max_request_depth)
                             : std::unexpected(protocol::JsonFault::syntax);
    if (!rows) return;
    std::string tagged;
    const char* from = orders->data();
    for (const std::string_view row : *rows) {
        const char* const brace = row.data() + row.size() - 1;
        tagged.append(from, brace);
        tagged += tag_for(row, choice);
        from = brace;
    }
    tagged.append(from, orders->data() + orders->size());
    parameters.set("orders", std::move(tagged));
}

void tag_order(kraken::Parameters& parameters, TagChoice choice) {
    const auto& fields = parameters.fields();
    if (std::ranges::any_of(fields, is_tag, &kraken::Parameters::Field::name)) return;
    const bool has_close = std::ranges::any_of(fields, [](const kraken::Parameters::Field& field) {
        return field.name.starts_with("close");
    });
    auto [name, value] = new_tag(choice, has_close);
    parameters.set(name, std::move(value));
}

bool takes_deadline(const protocol::Endpoint& endpoint) {
    constexpr auto names =
        std::to_array<std::string_view>({"AddOrder", "AddOrderBatch", "AmendOrder", "EditOrder"});
    return std::ranges::find(names, endpoint.name) != names.end();
}

}  // namespace

Tagged tagged(const protocol::Endpoint& endpoint, kraken::Parameters parameters, TagChoice choice) {
    const Sought before = sought_by(endpoint, parameters);
    if (choice != TagChoice::none && endpoint.name == "AddOrder") tag_order(parameters, choice);
    if (choice != TagChoice::none && endpoint.name == "AddOrderBatch") tag_batch(parameters, choice);
    Tagged call{std::move(parameters), {}};
    call.sought = sought_by(endpoint, call.parameters);
    for (std::size_t row = 0; row < call.sought.rows.size(); ++row)
        call.sought.rows[row].tag.ours = call.sought.rows[row].tag != before.rows[row].tag;
    return call;
}

void set_deadline(const protocol::Endpoint& endpoint, Tagged& call, base::Time deadline) {
    if (!takes_deadline(endpoint) || call.parameters.find("deadline")) return;
    const std::string text = base::rfc3339(deadline);
    call.parameters.set("deadline", quote(text));
    call.sought.deadline = base::parse_rfc3339(text);
}

}  // namespace krakken::account
