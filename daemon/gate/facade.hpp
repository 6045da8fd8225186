#pragma once

// Kraken's own paths, for clients that know nothing of krakkend: they say /0/private/Balance to us instead of
// to Kraken, and get Kraken's answer.

#include "gate/backend.hpp"
#include "http_codec.hpp"
#include "http_routes.hpp"

#include <string_view>

namespace krakken::gate {

bool is_kraken_path(std::string_view path);

// Always in Kraken's form, see facade_answer.hpp.
awaitable<HttpReply> answer_kraken(Backend& backend, HttpRequest request, HttpGuest guest);

}  // namespace krakken::gate
