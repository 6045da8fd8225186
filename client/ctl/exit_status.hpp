#pragma once

// The exit statuses that scripts rely on, decided in one place.

#include "client/failure.hpp"

namespace krakken::ctl {

enum class ExitStatus : int {
    done = 0,
    refused = 1,  // the daemon or Kraken said no and nothing was executed; status --check: unhealthy
    usage = 2,
    no_daemon = 3,  // nobody answers at the socket, or somebody who is not trusted
    locked = 4,     // or no vault yet
    unknown = 5,    // it may have happened: do not repeat, look it up
    temporary = 75  // nothing was executed and the same may succeed later (EX_TEMPFAIL)
};

ExitStatus exit_status(const client::Failure& failure);

// Of what was done in several steps: the one that a script must know of.
ExitStatus worse(ExitStatus one, ExitStatus other);

}  // namespace krakken::ctl
