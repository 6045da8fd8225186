#pragma once

// Kraken's market takes no orders at times: not at all, none on one pair, or only certain ones. Then the
// placements of an account are not all sent to be refused: they are refused here, and from time to time one
// is sent to see whether it is over. Cancels and reads are none of this machine's business. Sans-io.

#include "account/rate_counter.hpp"
#include "kraken/api.hpp"

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace krakken::account {

class Maintenance : public std::enable_shared_from_this<Maintenance> {
public:
    // What a placement is, as far as modes go by it.
    struct Placement {
        std::string pair;  // as canonical_pair() writes it
        bool post_only = false;
    };

    // A placement may be sent. If it is the one that finds out, others wait for how it ends.
    class Permit {
    public:
        Permit(Permit&& other) noexcept = default;
        Permit& operator=(Permit&&) = delete;
        ~Permit();

        void settle(const kraken::Attempt& attempt, Elapsed now);

    private:
        friend class Maintenance;
        Permit(
            std::shared_ptr<Maintenance> maintenance, Placement placement, std::optional<std::string> probes
        )
            : maintenance_(std::move(maintenance)),
              placement_(std::move(placement)),
              probes_(std::move(probes)) {}

        std::shared_ptr<Maintenance> maintenance_;
        Placement placement_;
        std::optional<std::string> probes_;  // which trouble
    };

    struct Refused {
        Elapsed wait;  // until it is worth asking again
    };
    std::expected<Permit, Refused> admit(Placement placement, Elapsed now);
    // For a call that places nothing.
    static Permit no_order() { return Permit(nullptr, {}, std::nullopt); }

    // What SystemStatus says, as somebody has asked.
    void system_is(std::string_view status, Elapsed now);

private:
    // For one pair, or under "" for all.
    struct Trouble {
        Elapsed backoff;
        Elapsed until;
        bool post_only = false;  // such orders are taken
        bool probing = false;
    };

    void settle(const Permit& permit, const kraken::Attempt& attempt, Elapsed now);
    void begin(const std::string& where, bool post_only, bool probed, Elapsed now);

    std::map<std::string, Trouble> troubles_;
};

}  // namespace krakken::account
