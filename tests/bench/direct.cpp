#include "keeper/keeper.hpp"
#include "kraken/api.hpp"
#include "kraken/parameters.hpp"
#include "measure.hpp"
#include "modes.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <exception>
#include <fstream>

namespace krakken::bench {

namespace {

using boost::asio::awaitable;
using keeper::SecretText;

constexpr std::size_t warm_up = 50;
constexpr std::chrono::seconds patience{30};

// A folder that goes with it; the keeper wants a vault to sign beside.
class Scratch {
public:
    Scratch() {
        std::string name = std::filesystem::temp_directory_path() / "krakken-bench-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) give_up("no temporary folder");
        path_ = name;
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::filesystem::remove_all(path_); }

    std::filesystem::path vault() const { return path_ / "secrets.enc"; }

private:
    std::filesystem::path path_;
};

keeper::NewKey read_key(const std::filesystem::path& file) {
    std::ifstream lines(file);
    std::string api_key;
    std::string api_secret;
    if (!std::getline(lines, api_key) || !std::getline(lines, api_secret)) give_up("no key in the key file");
    return {
        *base::AccountName::parse("bench"),
        SecretText::copy_of(api_key),
        SecretText::copy_of(api_secret),
        std::nullopt
    };
}

class Caller {
public:
    Caller(keeper::Keeper& keeper, kraken::Api& api, base::KeyId key)
        : keeper_(keeper), api_(api), key_(std::move(key)) {}

    awaitable<void> call() {
        const protocol::Endpoint& endpoint = *protocol::find_endpoint("Balance");
        const auto now = clock_.now().time_since_epoch().count();
        last_ = std::max(last_ + 1, static_cast<std::uint64_t>(now));
        const base::Nonce nonce(last_);
        const auto parameters = kraken::Parameters::parse("");
        auto request = co_await keeper_.sign(
            key_, protocol::path_of(endpoint), nonce, parameters->body(nonce), base::BodyForm::form
        );
        if (!request) give_up(request.error().message);
        kraken::SignedCall call{
            std::move(request->api_key),
            std::move(request->signature),
            std::move(request->body),
            base::BodyForm::form
        };
        const auto deadline = std::chrono::steady_clock::now() + patience;
        const auto attempt = co_await api_.call_private(endpoint, std::move(call), deadline);
        if (attempt.end != kraken::Attempt::End::answered) give_up(attempt.detail);
        if (!attempt.answer.errors.empty()) give_up(attempt.answer.errors.front());
    }

private:
    keeper::Keeper& keeper_;
    kraken::Api& api_;
    base::KeyId key_;
    base::SystemClock clock_;
    std::uint64_t last_ = 0;
};

awaitable<void> measure(
    keeper::Keeper& keeper, kraken::Api& api, const Exchange& exchange, std::size_t calls
) {
    const auto created = co_await keeper.create(SecretText::copy_of("bench"));
    if (!created) give_up(created.error().message);
    const auto staged = co_await keeper.stage(read_key(exchange.key_file));
    if (!staged) give_up(staged.error().message);
    Caller caller(keeper, api, staged->key);
    for (std::size_t call = 0; call < warm_up; ++call)
        co_await caller.call();
    Measurement measurement(calls);
    for (std::size_t call = 0; call < calls; ++call) {
        measurement.begin();
        co_await caller.call();
        measurement.end();
    }
    measurement.print();
}

}  // namespace

void balance_directly(const Exchange& exchange, std::size_t calls) {
    const Scratch scratch;
    boost::asio::io_context context{1};
    const auto upstream = net::make_upstream(
        context.get_executor(),
        {.base_url = exchange.base_url, .ca_file = exchange.ca_file, .user_agent = "krakken-bench"}
    );
    kraken::Api api(*upstream, patience);
    const base::SystemClock clock;
    const auto keeper =
        keeper::make_keeper(context.get_executor(), clock, {scratch.vault(), keeper::KdfCost::interactive});
    const auto done = [&](std::exception_ptr bug) {
        if (bug) std::rethrow_exception(bug);
        upstream->close();
        context.stop();
    };
    boost::asio::co_spawn(context, measure(*keeper, api, exchange, calls), done);
    context.run();
}

}  // namespace krakken::bench
