#pragma once

// The parameters of one request, checked against the method table: by name only, none unknown, none missing,
// each of its type, among its choices and within its range.

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
    // The JSON text as the client wrote it, or what the table says to take instead; empty when there is
    // neither.
    std::string_view raw(std::string_view name) const;
    std::optional<std::string> text(std::string_view name) const;
    std::optional<std::int64_t> integer(std::string_view name) const;
    bool flag(std::string_view name) const;  // false, where there is none
    // A secret goes straight into protected memory. The parameter must be there.
    keeper::SecretText secret(std::string_view name) const;

private:
    explicit Arguments(const protocol::Method& method) : method_(&method) {}

    const protocol::Method* method_;
    std::vector<protocol::JsonMember> members_;
};

}  // namespace krakken::gate
