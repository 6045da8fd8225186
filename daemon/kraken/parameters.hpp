#pragma once

// A call's parameters, from the client's JSON to the bytes that Kraken gets. Digits are never touched: a
// number or string keeps the text that the client wrote.

#include "base/types.hpp"
#include "protocol/error.hpp"
#include "protocol/json_text.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace krakken::kraken {

using protocol::Result;

class Parameters {
public:
    // `json` is the client's "params" object, empty when it gave none. invalid_params: not an object, null,
    // `nonce` or `otp`. Keeps its own copy.
    static Result<Parameters> parse(std::string_view json);

    // A form, unless a value is an array or object.
    base::BodyForm form() const { return form_; }

    // The body of a private call: `nonce` first, then the client's fields in the client's order.
    std::string body(base::Nonce nonce) const;

    // The query of a public call, with its "?", or empty; arrays are joined by commas. invalid_params: an
    // object.
    Result<std::string> query() const;

private:
    struct Field {
        std::string name;
        std::string raw;  // JSON as the client wrote it
    };

    std::vector<Field> fields_;
    base::BodyForm form_ = base::BodyForm::form;
};

}  // namespace krakken::kraken
