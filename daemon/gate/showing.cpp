#include "showing.hpp"

namespace krakken::gate {

namespace json = boost::json;

namespace {

bool concerns(const state::Freeze& freeze, const Context& context) {
    const std::string_view scope = freeze.scope;
    if (context.socket == protocol::SocketKind::admin || scope == "all") return true;
    if (scope == "bot:" + context.caller.bot) return true;
    constexpr std::string_view of_account = "account:";
    const auto account = scope.starts_with(of_account)
                             ? base::AccountName::parse(scope.substr(of_account.size()))
                             : std::nullopt;
    return account && sees(context, *account);
}

}  // namespace

json::object show_freeze(const state::Freeze& freeze) {
    return {{"scope", freeze.scope}, {"reason", freeze.reason}, {"since", base::rfc3339(freeze.at)}};
}

json::array show_freezes(const Backend& backend, const Context& context) {
    json::array shown;
    for (const auto& [scope, freeze] : backend.freezes.all())
        if (concerns(freeze, context)) shown.push_back(show_freeze(freeze));
    return shown;
}

}  // namespace krakken::gate
