#pragma once

// A call's parameters, from the client's JSON to the bytes that Kraken gets. Digits are never touched: a
// number or string keeps the text that the client wrote.

#include "base/types.hpp"
#include "kraken/written_body.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"
#include "protocol/json_text.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::kraken {

using protocol::Result;

class Parameters {
public:
    using Field = kraken::Field;

    // `json` is the client's "params" object, empty when it gave none. invalid_params: not an object, null,
    // names as check_names() refuses them. Keeps its own copy.
    static Result<Parameters> parse(std::string_view json, protocol::Body body = protocol::Body::flat);

    // Of a whole body that a client of Kraken's wrote; see WrittenBody.
    static Result<Parameters> of_body(std::string bytes, base::BodyForm form);

    // Of the query of a public call, without its "?"; see form_fields().
    static Result<Parameters> of_query(std::string_view query);

    // The digits of the nonce in a body that a client wrote; empty where it wrote none, and otherwise.
    const std::optional<std::string>& written_nonce() const { return written_nonce_; }

    // Adds a member behind the others, or gives the one of that name another value, JSON as it stands.
    void set(std::string_view name, std::string raw);
    // Null when there is none of that name.
    const std::string* find(std::string_view name) const;

    // What the client gave, in its order; names are decoded and unlike each other, at every depth.
    const std::vector<Field>& fields() const { return fields_; }

    // As the endpoint's table says: where that leaves a choice, a form unless a value is an array or object.
    base::BodyForm form() const { return form_; }

    // The body of a private call: `nonce` first, then the client's fields in the client's order; or the body
    // that a client wrote, with `nonce` in the place of its own.
    std::string body(base::Nonce nonce) const;

    // The query of a public call, with its "?", or empty; arrays are joined by commas. invalid_params: an
    // object.
    Result<std::string> query() const;

private:
    std::vector<Field> fields_;
    base::BodyForm form_ = base::BodyForm::form;
    std::optional<WrittenBody> written_;
    std::optional<std::string> written_nonce_;
};

// A plain value as Kraken reads it, whichever way it was written: "1.5", 1.5 and true. Empty for lists and
// objects.
std::string plain_text(std::string_view raw);

// Does a value obviously switch off what it is given for: null, false, 0, "", "0", "false", "none"? Letters
// of either case; every other spelling counts as on. `raw` is one checked JSON value.
bool is_off(std::string_view raw);

// The row of the table that holds for this call: one that acts, unless what makes it act is off.
const protocol::Endpoint& as_called(const protocol::Endpoint& endpoint, const Parameters& parameters);

}  // namespace krakken::kraken
