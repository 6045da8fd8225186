#pragma once

// The part of JSON Schema that the daemon's own schemas use, for holding its answers to them.

#include <boost/json/value.hpp>
#include <string>

namespace krakken::test {

// What is wrong with the value, with the way to it; empty when nothing is. Strict: members that the schema
// does not name are wrong too, since they would be undocumented.
std::string mismatch(const boost::json::value& schema, const boost::json::value& value);

}  // namespace krakken::test
