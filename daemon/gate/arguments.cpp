#include "gate/arguments.hpp"

#include "protocol/limits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <charconv>

namespace krakken::gate {

using protocol::ErrorCode;
using protocol::fail;
using protocol::JsonFault;
using protocol::JsonKind;
using protocol::Parameter;
using protocol::ParameterType;
using protocol::Result;

namespace {

std::string_view describe(JsonFault fault) {
    switch (fault) {
        case JsonFault::syntax:
            return "params must be an object: parameters go by name only";
        case JsonFault::too_deep:
            return "params nest too deep";
        case JsonFault::duplicate:
            return "params name a member twice";
    }
    std::unreachable();
}

bool is_of_type(std::string_view raw, ParameterType type) {
    switch (type) {
        case ParameterType::string:
            return protocol::kind_of(raw) == JsonKind::string;
        case ParameterType::integer:
            return protocol::kind_of(raw) == JsonKind::number;
        case ParameterType::boolean:
            return protocol::kind_of(raw) == JsonKind::boolean;
        case ParameterType::object:
            return protocol::kind_of(raw) == JsonKind::object;
    }
    std::unreachable();
}

std::string_view name_of(ParameterType type) {
    switch (type) {
        case ParameterType::string:
            return "a string";
        case ParameterType::integer:
            return "a whole number";
        case ParameterType::boolean:
            return "true or false";
        case ParameterType::object:
            return "an object";
    }
    std::unreachable();
}

std::string known_names(const protocol::Method& method) {
    std::string names;
    for (const Parameter& parameter : method.parameters) {
        names += names.empty() ? "it takes " : ", ";
        names += parameter.name;
    }
    return names.empty() ? "it takes none" : names;
}

// Empty when it is none, or larger than any limit.
std::optional<std::int64_t> whole_number(std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

// Why the value cannot be taken; empty when it can. The value itself may be a misplaced secret, so it is
// never repeated.
std::string fault_of(std::string_view raw, const Parameter& parameter) {
    if (!is_of_type(raw, parameter.type))
        return fmt::format("{} must be {}", parameter.name, name_of(parameter.type));
    if (!parameter.choices.empty() &&
        std::ranges::find(parameter.choices, protocol::decode_string(raw)) == parameter.choices.end()) {
        return fmt::format("{} must be one of: {}", parameter.name, fmt::join(parameter.choices, ", "));
    }
    if (parameter.type == ParameterType::integer) {
        const auto value = whole_number(raw);
        if (!value || *value < parameter.least || *value > parameter.most) {
            return fmt::format(
                "{} must be a whole number from {} to {}", parameter.name, parameter.least, parameter.most
            );
        }
    }
    return "";
}

}  // namespace

Result<Arguments> Arguments::parse(std::string_view raw, const protocol::Method& method) {
    Arguments arguments(method);
    if (!raw.empty()) {
        auto members = protocol::split_object(
            raw, protocol::max_request_depth, protocol::Duplicates::refused_everywhere
        );
        if (!members) return fail(ErrorCode::invalid_params, std::string(describe(members.error())));
        arguments.members_ = std::move(*members);
    }
    for (const auto& [name, value] : arguments.members_) {
        const auto known = std::ranges::find(method.parameters, name, &Parameter::name);
        if (known == method.parameters.end()) {
            // The name is the client's text, which may be a misplaced secret: it is not repeated.
            return fail(
                ErrorCode::invalid_params,
                fmt::format("{} has no such parameter; {}", method.name, known_names(method))
            );
        }
        if (protocol::kind_of(value) == JsonKind::null) continue;
        if (std::string fault = fault_of(value, *known); !fault.empty())
            return fail(ErrorCode::invalid_params, std::move(fault));
    }
    std::erase_if(arguments.members_, [](const auto& member) {
        return protocol::kind_of(member.value) == JsonKind::null;
    });
    for (const Parameter& parameter : method.parameters) {
        if (parameter.required && !arguments.has(parameter.name)) {
            return fail(
                ErrorCode::invalid_params,
                fmt::format("{} needs the parameter {}", method.name, parameter.name)
            );
        }
    }
    return arguments;
}

std::string_view Arguments::raw(std::string_view name) const {
    if (const auto* member = protocol::find(members_, name)) return member->value;
    const auto known = std::ranges::find(method_->parameters, name, &Parameter::name);
    return known == method_->parameters.end() ? std::string_view() : known->otherwise;
}

std::optional<std::string> Arguments::text(std::string_view name) const {
    if (!has(name)) return std::nullopt;
    return protocol::decode_string(raw(name));
}

std::optional<std::int64_t> Arguments::integer(std::string_view name) const {
    return whole_number(raw(name));
}

bool Arguments::flag(std::string_view name) const {
    return raw(name) == "true";
}

keeper::SecretText Arguments::secret(std::string_view name) const {
    const std::string_view quoted = raw(name);
    base::SecretBytes decoded(quoted.size());
    std::size_t size = 0;
    decoded.fill([&](std::span<unsigned char> room) {
        protocol::decode_string(quoted, [&](std::string_view part) {
            std::ranges::copy(part, room.begin() + static_cast<std::ptrdiff_t>(size));
            size += part.size();
        });
    });
    return decoded.use([size](std::span<const unsigned char> bytes) {
        return keeper::SecretText::copy_of({reinterpret_cast<const char*>(bytes.data()), size});
    });
}

}  // namespace krakken::gate
