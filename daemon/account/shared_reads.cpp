#include "account/shared_reads.hpp"

#include "account/unsent.hpp"
#include "protocol/json_text.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

namespace krakken::account {

using protocol::ErrorCode;
using std::chrono::steady_clock;

namespace {

std::string question_of(const Call& call) {
    std::vector<std::string> parameters;
    for (const auto& [name, raw] : call.parameters.fields())
        parameters.push_back(protocol::quote(name) + ':' + raw);
    std::ranges::sort(parameters);
    std::string question(call.endpoint->name);
    for (const std::string& parameter : parameters)
        question += ',' + parameter;
    return question;
}

// It says how much time one caller had, and nothing of what another would get.
bool is_of_the_callers_time(const protocol::Error& error) {
    if (error.origin != protocol::Origin::daemon) return false;
    return error.code == ErrorCode::timeout || error.code == ErrorCode::rate_limit ||
           error.code == ErrorCode::overloaded;
}

}  // namespace

void SharedReads::Flight::wake() {
    for (auto& timer : waiting_)
        timer.cancel();
}

// Under way for as long as this lives, however it ends.
class SharedReads::Leading {
public:
    Leading(SharedReads& reads, const std::string& question, steady_clock::time_point deadline)
        : reads_(reads), question_(question), flight_(std::make_shared<Flight>(deadline)) {
        reads_.flights_[question_] = flight_;
    }
    Leading(const Leading&) = delete;
    Leading& operator=(const Leading&) = delete;
    ~Leading() {
        // One that acts may have put another in its place.
        const auto place = reads_.flights_.find(question_);
        if (place != reads_.flights_.end() && place->second == flight_) reads_.flights_.erase(place);
        flight_->ended_ = true;
        flight_->wake();
    }

    Flight& flight() { return *flight_; }

private:
    SharedReads& reads_;
    const std::string& question_;
    std::shared_ptr<Flight> flight_;
};

void SharedReads::sent(Flight& flight) {
    flight.acts_before_ = acts_;
    flight.wake();
}

std::shared_ptr<SharedReads::Flight> SharedReads::joinable(const std::string& question) const {
    const auto found = flights_.find(question);
    if (found == flights_.end()) return nullptr;
    const auto& acts_before = found->second->acts_before_;
    return !acts_before || *acts_before == acts_ ? found->second : nullptr;
}

awaitable<Result<std::string>> SharedReads::read(Call call, Make make) {
    const std::string question = question_of(call);
    while (const auto flight = joinable(question)) {
        auto outcome = co_await follow(flight, call);
        if (outcome) co_return std::move(*outcome);
    }
    auto outcome = co_await lead(question, call, make);
    co_return outcome;
}

awaitable<Result<std::string>> SharedReads::lead(
    const std::string& question, const Call& call, const Make& make
) {
    Leading leading(*this, question, call.deadline);
    auto outcome = co_await make(call, leading.flight());
    if (!leading.flight().waiting_.empty()) leading.flight().outcome_ = outcome;
    co_return outcome;
}

// Empty: nothing is to be learned from it, and this caller has time left.
awaitable<std::optional<Result<std::string>>> SharedReads::follow(
    std::shared_ptr<Flight> flight, Call& call
) {
    const auto turn = std::min(steady_clock::now() + call.max_wait, call.deadline);
    while (!flight->ended_) {
        const auto until = flight->acts_before_ ? call.deadline : turn;
        if (steady_clock::now() >= until) co_return not_in_time();
        const auto place = flight->waiting_.emplace(flight->waiting_.end(), executor_, until);
        co_await place->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        flight->waiting_.erase(place);
    }
    const auto& outcome = flight->outcome_;
    const auto now = steady_clock::now();
    const bool ran_out =
        outcome && !*outcome && (is_of_the_callers_time(outcome->error()) || now >= flight->deadline_);
    if (outcome && !ran_out) co_return *outcome;
    if (now >= call.deadline) co_return not_in_time();
    if (!flight->acts_before_)
        call.max_wait =
            std::chrono::ceil<std::chrono::milliseconds>(std::max(turn - now, steady_clock::duration(0)));
    co_return std::nullopt;
}

}  // namespace krakken::account
