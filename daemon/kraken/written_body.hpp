#pragma once

// The body of a private call as a client of Kraken's wrote it. It stays as it is, byte for byte, but for the
// digits of the nonce and what is set.

#include "base/types.hpp"
#include "protocol/error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace krakken::kraken {

using protocol::Result;

// One parameter of a call.
struct Field {
    std::string name;
    std::string raw;  // JSON, as the client wrote it or as its form says it; never null
};

// The name as a lenient reader of forms (PHP's) has it: without white space in front, up to a bracket or a
// zero, with underscores for dots and spaces.
std::string leniently_read(std::string_view name);

// invalid_params: a name of ours (nonce, otp), one that is there twice, none. Names are the same where a
// lenient reader of forms would take them for the same: "a", " a" and "a[]"; but "a[b]" and "a[c]" are two.
Result<void> check_names(const std::vector<Field>& fields);

// The fields of a form or a query, in their order. invalid_params: not UTF-8, wrongly encoded, a field
// without a value.
Result<std::vector<Field>> form_fields(std::string_view text);

class WrittenBody {
public:
    struct Read;

    // invalid_params: not a body of this form, a field that is null, names as check_names() refuses them.
    // nonce: it is no number below 2^64. A nonce is added where there is none.
    static Result<Read> read(std::string bytes, base::BodyForm form);

    // Adds a field behind the others, or gives the one of that name another value.
    void set(std::string_view name, std::string_view raw);

    std::string with_nonce(base::Nonce nonce) const;

private:
    struct Span {
        std::size_t begin = 0;
        std::size_t size = 0;
    };
    struct Place {
        std::string name;
        Span value;
    };

    WrittenBody(std::string bytes, base::BodyForm form) : bytes_(std::move(bytes)), form_(form) {}

    Result<std::vector<Field>> read_form();
    Result<std::vector<Field>> read_json();
    Result<void> take_nonce(Span digits);
    void add_nonce();
    void replace(Span span, std::string_view text);

    std::string bytes_;
    base::BodyForm form_;
    std::vector<Place> places_;
    bool has_nonce_ = false;
    Span nonce_;  // its digits
};

struct WrittenBody::Read {
    WrittenBody body;
    std::vector<Field> fields;         // all but the nonce, in the client's order
    std::optional<std::string> nonce;  // its digits; empty: the client gave none
};

}  // namespace krakken::kraken
