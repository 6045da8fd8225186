#pragma once

// The parameters of one request, checked against the method table: by name only, none unknown, none missing,
// each of its type.

#include "keeper/passphrase.hpp"
#include "protocol/error.hpp"
#include "protocol/json_text.hpp"
#include "protocol/methods.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::gate {

class Arguments {
public:
    // Views into `raw`, the request's "params" (empty when it has none).
    static protocol::Result<Arguments> parse(std::string_view raw, const protocol::Method& method);

    bool has(std::string_view name) const { return !raw(name).empty(); }
    // The JSON text as the client wrote it; empty when the parameter is absent.
    std::string_view raw(std::string_view name) const;
    std::optional<std::string> text(std::string_view name) const;
    // invalid_params when it is not a whole number from `least` to `most`.
    protocol::Result<std::int64_t> integer(
        std::string_view name, std::int64_t least, std::int64_t most, std::int64_t otherwise
    ) const;
    // A secret goes straight into protected memory. The parameter must be there.
    keeper::SecretText secret(std::string_view name) const;

private:
    std::vector<protocol::JsonMember> members_;
};

}  // namespace krakken::gate
