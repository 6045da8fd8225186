#include "bot_nonce_table.hpp"

#include <cstdint>

namespace krakken::state {

// Of two texts of digits that are equally long, the greater one is the greater number.
BotNonceTable::BotNonceTable(Database& database)
    : raise_(
          database.prepare("INSERT INTO bot_nonce (bot_key, digits, nonce) VALUES (?1, ?2, ?3)"
                           " ON CONFLICT (bot_key, digits) DO UPDATE SET nonce = max(nonce, excluded.nonce)")
      ),
      list_(database.prepare("SELECT bot_key, nonce FROM bot_nonce")) {}

void BotNonceTable::raise(const BotNonce& used) {
    raise_.reset();
    raise_.bind(1, used.bot_key);
    raise_.bind(2, static_cast<std::int64_t>(used.nonce.size()));
    raise_.bind(3, used.nonce);
    raise_.step();
    raise_.reset();
}

std::vector<BotNonce> BotNonceTable::list() {
    std::vector<BotNonce> all;
    while (list_.step())
        all.push_back({.bot_key = list_.text(0), .nonce = list_.text(1)});
    list_.reset();
    return all;
}

}  // namespace krakken::state
