#pragma once

// Reads the daemon's results for showing them. Numbers stay the text that they are.

#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_text.hpp"

namespace krakken::ctl {

// The members of a JSON object; of anything else: none. Views into the text given.
class Fields {
public:
    explicit Fields(std::string_view json);

    // A string decoded and made printable, another value as it is written; empty when missing or null.
    std::string text(std::string_view name) const;
    // As it is written; empty when missing or null.
    std::string_view raw(std::string_view name) const;
    bool is_true(std::string_view name) const { return raw(name) == "true"; }

    const std::vector<protocol::JsonMember>& members() const { return members_; }

private:
    std::vector<protocol::JsonMember> members_;
};

// A raw value as a person reads it: strings without quotes, the rest as it is written.
std::string shown(std::string_view raw);

// The raw elements of a JSON array; of anything else: none.
std::vector<std::string_view> items(std::string_view json);

// The account's entry in the result of account.list; empty when there is none.
std::string_view find_account(std::string_view list, std::string_view name);

}  // namespace krakken::ctl
