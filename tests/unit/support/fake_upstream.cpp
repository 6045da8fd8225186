#include "support/fake_upstream.hpp"

#include "protocol/json_text.hpp"

#include <cstdlib>

namespace krakken::test {

boost::asio::awaitable<FakeUpstream::Outcome> FakeUpstream::exchange(
    net::Request request, std::chrono::steady_clock::time_point deadline
) {
    requests.push_back(request);
    deadlines.push_back(deadline);
    if (writes && request.on_written) request.on_written();
    bool passed = true;
    if (!is_held || is_held(request)) passed = co_await held.pass(request.give_up);
    if (!passed) co_return std::unexpected(net::Failure{net::FailureKind::given_up, true, "given up"});
    if (!script_.empty()) {
        Outcome outcome = std::move(script_.front());
        script_.pop_front();
        co_return outcome;
    }
    if (otherwise) co_return otherwise(request);
    co_return answer("{}");
}

std::vector<std::uint64_t> FakeUpstream::nonces() const {
    std::vector<std::uint64_t> all;
    for (const auto& request : requests) {
        if (!request.target.starts_with("/0/private/")) continue;
        const auto digits = request.body.find_first_of("0123456789");
        all.push_back(std::strtoull(request.body.c_str() + digits, nullptr, 10));
    }
    return all;
}

std::vector<std::string> FakeUpstream::targets() const {
    std::vector<std::string> all;
    for (const auto& request : requests)
        all.push_back(request.target);
    return all;
}

FakeUpstream::Outcome answer(std::string_view result, std::vector<std::string> errors) {
    std::string body = R"({"error":[)";
    for (const std::string& error : errors)
        body += (body.ends_with('[') ? "" : ",") + protocol::quote(error);
    body += ']';
    if (!result.empty()) body += R"(,"result":)" + std::string(result);
    return net::Reply{200, "application/json", body + '}'};
}

FakeUpstream::Outcome refusal(std::string error) {
    return answer("", {std::move(error)});
}

FakeUpstream::Outcome lost() {
    return std::unexpected(net::Failure{net::FailureKind::closed, true, "closed by the peer"});
}

FakeUpstream::Outcome not_sent() {
    return std::unexpected(net::Failure{net::FailureKind::connect, false, "connection refused"});
}

}  // namespace krakken::test
