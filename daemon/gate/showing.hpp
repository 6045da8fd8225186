#pragma once

// What several methods show in the same way.

#include "handlers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace krakken::gate {

boost::json::object show_freeze(const state::Freeze& freeze);

// Those that concern this client: of everything, of accounts that it sees, of its own bot; on the admin
// socket all.
boost::json::array show_freezes(const Backend& backend, const Context& context);

}  // namespace krakken::gate
