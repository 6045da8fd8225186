// Bodies that clients of Kraken's wrote: whatever is taken is what goes out, and says the same to its reader.

#include "kraken/parameters.hpp"
#include "targets.hpp"

#include <algorithm>
#include <string>

namespace krakken::fuzz {

namespace {

using base::BodyForm;
using base::Nonce;
using kraken::Field;
using kraken::Parameters;

bool same(const std::vector<Field>& one, const std::vector<Field>& other) {
    return std::ranges::equal(one, other, [](const Field& mine, const Field& theirs) {
        return mine.name == theirs.name && mine.raw == theirs.raw;
    });
}

void check(std::string_view text, BodyForm form) {
    auto read = Parameters::of_body(std::string(text), form);
    if (!read) return;
    const std::string sent = read->body(Nonce(42));
    const auto again = Parameters::of_body(sent, form);
    require(again.has_value(), "what goes out could have come in");
    require(same(read->fields(), again->fields()), "what goes out says what came in");
    require(again->body(Nonce(42)) == sent, "only the nonce is ours");
    require(again->body(Nonce(1000)).size() == sent.size() + 2, "and only its digits");

    const bool was_there = read->find("userref") != nullptr;
    const std::size_t count = read->fields().size();
    read->set("userref", "\"7\"");
    const auto tagged = Parameters::of_body(read->body(Nonce(42)), form);
    require(tagged && tagged->find("userref"), "what is set goes out");
    require(*tagged->find("userref") == "\"7\"", "as it was set");
    require(tagged->fields().size() == count + (was_there ? 0 : 1), "beside what was there");
}

}  // namespace

void bodies(Input input) {
    check(text_of(input), BodyForm::form);
    check(text_of(input), BodyForm::json);
    const auto query = Parameters::of_query(text_of(input));
    if (query) require(query->query().has_value(), "a query goes out as one");
}

}  // namespace krakken::fuzz
