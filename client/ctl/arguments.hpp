#pragma once

// What stands on the command line becomes the parameters of a call.

#include <stdexcept>
#include <string>
#include <vector>

namespace krakken::ctl {

// Wrong use of the command line; the message says what is right.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// "key=value" becomes a JSON string, "key:=JSON" stays the JSON that it is; the first of '=' and ':=' counts.
// One JSON object with the digits as they were typed; empty for no arguments. Throws UsageError.
std::string to_params(const std::vector<std::string>& arguments);

// The path as the daemon finds it, which runs in another folder. Throws UsageError.
std::string absolute_path(const std::string& path);

}  // namespace krakken::ctl
