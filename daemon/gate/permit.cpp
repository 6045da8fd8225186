#include "gate/permit.hpp"

#include "policy.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace krakken::gate {

using protocol::Result;

namespace {

protocol::Error holds_nothing() {
    return protocol::make_error(
               protocol::ErrorCode::forbidden, "nothing is granted to this client; nothing was sent"
    )
        .with("rule", "grant:none")
        .with_remedy(
            "the operator can: krakkenctl grant set uid:N --account NAME --allow read (or group:NAME), or "
            "krakkenctl bot add NAME"
        );
}

bool holds_all_accounts(const Holdings& holdings) {
    return std::ranges::any_of(holdings, [](const auto& holding) { return holding->grant.all_accounts; });
}

}  // namespace

Result<Permit> permit(
    const Holdings& holdings,
    const Profile& profile,
    const protocol::Endpoint& endpoint,
    const kraken::Parameters& parameters,
    const std::optional<base::AccountName>& account,
    base::Time now
) {
    std::optional<protocol::Error> refused;
    for (const auto& holding : holdings) {
        auto orders = grant::judge(holding->grant, endpoint, parameters, account, now);
        if (orders) {
            if (auto allowed = may_call(endpoint, parameters, profile); !allowed)
                return std::unexpected(std::move(allowed.error()));
            return Permit{holding, std::move(*orders)};
        }
        if (!refused) refused = std::move(orders.error());
    }
    return std::unexpected(refused ? std::move(*refused) : holds_nothing());
}

kraken::Parameters as_granted(
    const Permit& permit, const protocol::Endpoint& endpoint, kraken::Parameters parameters
) {
    if (permit.holding->grant.validate_only && endpoint.effect == protocol::Effect::place)
        parameters.set("validate", "true");
    return parameters;
}

Result<std::optional<std::string>> account_meant(
    const Holdings& holdings, const std::optional<std::string>& named, const std::string& default_account
) {
    if (named || holds_all_accounts(holdings)) return named;
    std::set<std::string> usable;
    for (const auto& holding : holdings)
        for (const base::AccountName& account : holding->grant.accounts)
            usable.insert(account.text());
    if (usable.empty()) return std::optional<std::string>();
    if (usable.contains(default_account)) return default_account;
    if (usable.size() == 1) return *usable.begin();
    boost::json::array names(usable.begin(), usable.end());
    return std::unexpected(protocol::make_error(
                               protocol::ErrorCode::unknown_account,
                               "several accounts may be used here; say which one"
    )
                               .with("accounts", std::move(names)));
}

Result<std::shared_ptr<account::Account>> find_account(
    const Backend& backend, const Holdings& holdings, const std::optional<std::string>& named
) {
    if (holdings.empty())
        return std::unexpected(
            backend.grants.known() ? holds_nothing() : keeper::not_open_error(backend.keeper)
        );
    auto meant = account_meant(holdings, named, backend.accounts.default_account());
    if (!meant) return std::unexpected(std::move(meant.error()));
    if (!holds_all_accounts(holdings) && *meant) {
        const auto name = base::AccountName::parse(**meant);
        if (!name || !sees(holdings, *name))
            return std::unexpected(grant::refusal("this account is not granted here", "grant:accounts"));
    }
    auto found = backend.accounts.find(*meant);
    if (!found && !holds_all_accounts(holdings)) found.error().details.erase("accounts");
    return found;
}

}  // namespace krakken::gate
