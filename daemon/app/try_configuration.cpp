#include "app/configuration.hpp"
#include "gate/peer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <vector>

namespace krakken::app {

namespace {

// Only root may give its sockets to a group that it is not in.
bool is_member(gid_t group) {
    if (::geteuid() == 0 || ::getegid() == group) return true;
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    groups.resize(static_cast<std::size_t>(std::max(0, count)));
    return std::ranges::find(groups, group) != groups.end();
}

}  // namespace

std::expected<std::optional<gid_t>, std::string> client_group(const Configuration& configuration) {
    const std::string& name = configuration.client_group;
    if (name.empty()) return std::nullopt;
    const auto group = gate::group_named(name);
    if (!group)
        return std::unexpected(
            fmt::format("socket.client_group: there is no group {0}; run: groupadd {0}", name)
        );
    if (!is_member(*group))
        return std::unexpected(fmt::format(
            "socket.client_group: the daemon's user is not in the group {0}; run: usermod -aG {0} USER", name
        ));
    return group;
}

std::expected<void, std::string> try_configuration(const Configuration& configuration) {
    if (const auto group = client_group(configuration); !group) return std::unexpected(group.error());
    boost::asio::io_context nothing_runs_here;
    try {
        net::make_upstream(nothing_runs_here.get_executor(), upstream_settings(configuration));
    } catch (const std::exception& error) {
        return std::unexpected(error.what());
    }
    return {};
}

}  // namespace krakken::app
