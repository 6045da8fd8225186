#pragma once

// What each method answers, as JSON Schema (draft 7). Results grow: members that are not named here may come.

#include <boost/json/value.hpp>

namespace krakken::protocol::result {

using Schema = boost::json::value;

Schema pong();
Schema yes();
Schema anything();
Schema open_rpc();
Schema version();
Schema status();
Schema accounts();
Schema gateway();
Schema profile();
Schema endpoints();
Schema nonces();
Schema intent();
Schema intents();

Schema created();
Schema unlocked();
Schema locked();
Schema changed();
Schema validation();
Schema replacement();
Schema removed();
Schema imported();
Schema reloaded();
Schema bot();
Schema bot_with_key();
Schema bots();
Schema granted();
Schema grants();
Schema revoked();
Schema frozen();
Schema thawed();
Schema identity();
Schema whoami();
Schema verdict();
Schema audit_rows();
Schema audit_verdict();

}  // namespace krakken::protocol::result
