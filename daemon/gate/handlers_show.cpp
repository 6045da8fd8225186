// The methods that only show something: ping, version, rpc.discover, gateway.show, profile, endpoints,
// nonce.status.

#include "gate/permit.hpp"
#include "handlers.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/open_rpc.hpp"
#include "protocol/version.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace krakken::gate {

namespace json = boost::json;

namespace {

json::object show_nonces(const account::Key& key, base::Time now) {
    json::object shown{{"account", key.info().account.text()}, {"key", key.info().key.hex()}};
    // A key's sequence begins with its first call, so that its baseline is fresh.
    if (const auto& sequence = key.lane()->sequence()) {
        shown["unit"] = base::name(sequence->unit());
        shown["last"] = std::to_string(sequence->last());
        shown["reserved"] = std::to_string(sequence->bound());
        shown["lead_ms"] = sequence->lead(now).count();
    }
    shown["state"] = account::name(key.state());
    return shown;
}

}  // namespace

Handled handle_ping(Backend&, const Arguments&, const Context&) {
    return Result<std::string>("\"pong\"");
}

Handled handle_version(Backend&, const Arguments&, const Context&) {
    return Result<std::string>(json::serialize(
        json::object{{"version", protocol::version}, {"protocol", protocol::protocol_version}}
    ));
}

Handled handle_discover(Backend&, const Arguments&, const Context& context) {
    return Result<std::string>(protocol::open_rpc(context.socket));
}

Handled handle_gateway_show(Backend& backend, const Arguments&, const Context&) {
    json::object shown;
    if (const auto& gateway = backend.gateway) {
        const bool tls = !gateway->ca_pem.empty();
        shown = {{"listen", gateway->listen}, {"tls", tls}, {"url", gateway->url}};
        if (tls) {
            shown["ca_file"] = gateway->ca_file;
            shown["ca_pem"] = gateway->ca_pem;
        }
    }
    return Result<std::string>(json::serialize(shown));
}

Handled handle_profile(Backend& backend, const Arguments&, const Context&) {
    const Profile& profile = backend.profile;
    return Result<std::string>(json::serialize(json::object{
        {"region", profile.region},
        {"capabilities",
         {{"supports_margin", profile.supports_margin},
          {"supports_futures", profile.supports_futures},
          {"supports_staking", profile.supports_staking}}},
    }));
}

Handled handle_endpoints(Backend&, const Arguments&, const Context&) {
    json::array list;
    for (const protocol::Endpoint& endpoint : protocol::endpoints()) {
        json::object shown{
            {"name", endpoint.name},
            {"kind", protocol::name(endpoint.kind)},
            {"effect", protocol::name(endpoint.effect)},
        };
        if (!endpoint.permission.empty()) shown["permission"] = endpoint.permission;
        list.push_back(std::move(shown));
    }
    return Result<std::string>(json::serialize(list));
}

Handled handle_nonce_status(Backend& backend, const Arguments& arguments, const Context& context) {
    const auto wanted = arguments.text("account");
    if (wanted) {
        const auto found = find_account(backend, context.holdings, wanted);
        if (!found) return std::unexpected(found.error());
    }
    const base::Time now = backend.clock.now();
    json::array list;
    for (const auto& account : backend.accounts.list()) {
        if (wanted && account->info().account.text() != *wanted) continue;
        if (!sees(context, account->info().account)) continue;
        for (const auto& key : account->keys())
            list.push_back(show_nonces(*key, now));
    }
    return Result<std::string>(json::serialize(list));
}

}  // namespace krakken::gate
