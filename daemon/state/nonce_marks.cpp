#include "nonce_marks.hpp"

namespace krakken::state {

// The numbers of the column `unit` are the enumerators' own; max() below needs finer units to be higher.
static_assert(static_cast<int>(NonceUnit::microseconds) == 0);
static_assert(static_cast<int>(NonceUnit::ten_nanoseconds) == 1);
static_assert(static_cast<int>(NonceUnit::nanoseconds) == 2);

NonceMarks::NonceMarks(Database& database)
    : find_(database.prepare("SELECT bound, unit, unit_proven FROM nonce_mark WHERE key = ?1")),
      raise_(database.prepare(
          "INSERT INTO nonce_mark (key, bound, unit, unit_proven) VALUES (?1, ?2, ?3, ?4)"
          " ON CONFLICT (key) DO UPDATE SET bound = max(bound, excluded.bound),"
          " unit = max(unit, excluded.unit), unit_proven = max(unit_proven, excluded.unit_proven)"
      )) {}

std::optional<NonceMark> NonceMarks::find(const base::KeyId& key) {
    find_.reset();
    find_.bind(1, key.hex());
    std::optional<NonceMark> mark;
    // The table's checks keep the columns within what these casts mean.
    if (find_.step()) {
        mark = NonceMark{
            base::Nonce(static_cast<std::uint64_t>(find_.integer(0))),
            static_cast<NonceUnit>(find_.integer(1)),
            find_.integer(2) == 1
        };
    }
    find_.reset();
    return mark;
}

void NonceMarks::raise(const base::KeyId& key, const NonceMark& mark) {
    raise_.reset();
    raise_.bind(1, key.hex());
    raise_.bind(2, static_cast<std::int64_t>(mark.bound.value()));
    raise_.bind(3, static_cast<std::int64_t>(mark.unit));
    raise_.bind(4, std::int64_t{mark.unit_proven});
    raise_.step();
    raise_.reset();
}

}  // namespace krakken::state
