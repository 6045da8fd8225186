#pragma once

// The exchange without its sockets: a request goes through admission to the venue and into the journal. One
// thread.

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "tests/exchange/admission/admission.hpp"
#include "tests/exchange/front/clock.hpp"
#include "tests/exchange/front/config.hpp"
#include "tests/exchange/front/faults.hpp"
#include "tests/exchange/front/http.hpp"
#include "tests/exchange/front/journal.hpp"
#include "tests/exchange/venue/venue.hpp"

namespace exchange::front {

// Where a request came from.
struct Connection {
    std::uint64_t id = 0;
    std::string address;
    std::string tls_version;
    std::string server_name;  // SNI
};

// How far a request gets; a fault may stop it early.
enum class Reach { nowhere, admission, venue };

struct Outcome {
    Reply reply;  // without meaning when it reached nowhere
    bool admitted = false;
    std::uint64_t journal_id = 0;
    std::shared_ptr<void>
        in_flight;  // held until the reply is written: the key has one more request under way
};

class Exchange {
public:
    explicit Exchange(Config config);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // `fault` is the name of the fault that met it, `duplicate_of` the journal id of the request it repeats.
    Outcome handle(
        const Request& request,
        const Connection& connection,
        Reach reach,
        const std::string& fault = {},
        std::uint64_t duplicate_of = 0
    );

    // Whose API key the request names; empty when it is nobody's.
    std::string_view account_of(const Request& request) const;

    // The envelope with one error text.
    Reply error_reply(const std::string& error) const;

    // Adds or changes an account and one key of it; the shape is in README.md.
    std::expected<void, std::string> put_account(const boost::json::object& object);
    // A switch of the front or a setting of the market.
    std::expected<void, std::string> set_switch(std::string_view name, const boost::json::value& value);
    // Everything as it was at the start; journal ids go on rising.
    void reset();

    Clock& clock() { return clock_; }
    Faults& faults() { return faults_; }
    Venue& venue() { return *venue_; }
    const Clock& clock() const { return clock_; }
    const Faults& faults() const { return faults_; }
    const Journal& journal() const { return journal_; }
    const KeyRing& ring() const { return ring_; }
    const Lockouts& lockouts() const { return admission_->lockouts(); }
    const Switches& switches() const { return switches_; }
    std::uint64_t executed() const { return executed_; }

private:
    void execute(Verdict& verdict, Time now, Outcome& outcome, JournalEntry& entry);
    Answer answer(const Verdict& verdict, Time now);
    Answer key_info(const Verdict& verdict) const;
    Reply to_reply(const Verdict& verdict) const;
    Reply to_reply(const Answer& answer) const;
    std::string envelope(const std::vector<std::string>& errors, const std::string& result) const;
    void open_account(const Account& account);
    void try_market();

    const Config start_;
    Switches switches_;
    KeyRing ring_;
    std::optional<Admission> admission_;  // always there; made anew by reset()
    std::unique_ptr<Venue> venue_;
    Clock clock_;
    Faults faults_;
    Journal journal_;
    std::uint64_t executed_ = 0;
};

// "Balance" of "/0/private/Balance?x=y"; empty for a path that is not the API's.
std::string endpoint_of(const std::string& target);

}  // namespace exchange::front
