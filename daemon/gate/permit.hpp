#pragma once

// May this call be made by this client? Decided by what the client holds, what the operator's profile allows,
// the endpoint and its parameters.

#include "gate/backend.hpp"
#include "grant/judgement.hpp"

#include <optional>
#include <string>
#include <vector>

namespace krakken::gate {

struct Permit {
    std::shared_ptr<const Holding> holding;
    std::vector<grant::OrderAsk> orders;  // where its limits look at them
};

// Of a private call. `account`: empty where none was found, and nothing is going to be sent.
// forbidden, with data.rule: "grant:none", or as may_call() and grant::judge() say.
protocol::Result<Permit> permit(
    const Holdings& holdings,
    const Profile& profile,
    const protocol::Endpoint& endpoint,
    const kraken::Parameters& parameters,
    const std::optional<base::AccountName>& account,
    base::Time now
);

// The parameters with which it may be made: of a grant for orders that Kraken only checks, with that.
kraken::Parameters as_granted(
    const Permit& permit, const protocol::Endpoint& endpoint, kraken::Parameters parameters
);

// The account that a private call of such a client means: the one that it names, else the default one or the
// only one among those that it may use. Empty: as is usual. unknown_account: it may use several.
protocol::Result<std::optional<std::string>> account_meant(
    const Holdings& holdings, const std::optional<std::string>& named, const std::string& default_account
);

// The same, found among those that are there. forbidden, rule "grant:accounts": it may not be used, be it
// there or not; an unknown_account names none that may not. Of a client that holds nothing: rule
// "grant:none", or locked while it is not known what the vault grants.
protocol::Result<std::shared_ptr<account::Account>> find_account(
    const Backend& backend, const Holdings& holdings, const std::optional<std::string>& named
);

}  // namespace krakken::gate
