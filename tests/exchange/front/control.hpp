#pragma once

// The control interface without its socket: state, journal, faults, clock, switches, audit, accounts, reset.
// README.md has the shapes.

#include <cstdint>
#include <functional>

#include "tests/exchange/front/exchange.hpp"
#include "tests/exchange/front/http.hpp"

namespace exchange::front {

struct ConnectionCounts {
    std::uint64_t open = 0;
    std::uint64_t accepted = 0;
    std::uint64_t handshakes_failed = 0;
};

// What the control interface needs from the server of the API.
struct ServerHooks {
    std::function<ConnectionCounts()> counts;
    std::function<void()> close_connections;
    std::function<void()> forget_duplicates;  // those still to come
    std::function<void()> faults_changed;     // the listener may have to close or to open again
};

class Control {
public:
    // `exchange` must outlive it.
    Control(Exchange& exchange, ServerHooks hooks) : exchange_(exchange), hooks_(std::move(hooks)) {}

    Reply handle(const Request& request);

private:
    Reply state() const;
    Reply journal(std::string_view query) const;
    Reply orders() const;
    Reply audit() const;
    Reply list_faults() const;
    Reply add_fault(const std::string& body);
    Reply remove_faults(std::string_view query);
    Reply show_clock() const;
    Reply set_clock(const std::string& body);
    Reply show_switches() const;
    Reply set_switches(const std::string& body);
    Reply put_account(const std::string& body);
    Reply reset();

    Exchange& exchange_;
    ServerHooks hooks_;
};

}  // namespace exchange::front
