#include "account/account.hpp"

#include "kraken/refusal.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace krakken::account {

using protocol::Error;
using protocol::ErrorCode;
using protocol::Executed;
using std::chrono::steady_clock;

namespace {

// These concern whatever orders are there when they arrive: repeated behind a later placement they would
// cancel what their caller never meant, behind a later dead man's switch they would undo it.
bool sweeps(const protocol::Endpoint& endpoint) {
    return endpoint.name == "CancelAll" || endpoint.name == "CancelAllOrdersAfter";
}

// Kraken's own id of one order; a number is a userref.
bool is_order_id(std::string_view raw) {
    if (protocol::kind_of(raw) != protocol::JsonKind::string) return false;
    const std::string text = protocol::decode_string(raw);
    return !text.empty() && (text[0] < '0' || text[0] > '9') && text[0] != '-' && !text.contains(',');
}

// Clients give the names cl_ord_id and userref, and may give them again: repeated behind a later placement
// such a cancel might hit the new order.
bool cancels_by_name(const Call& call) {
    if (call.endpoint->name != "CancelOrder" && call.endpoint->name != "CancelOrderBatch") return false;
    return !std::ranges::all_of(call.parameters.fields(), [](const kraken::Parameters::Field& field) {
        if (field.name == "txid") return is_order_id(field.raw);
        const auto orders = protocol::split_array(field.raw, protocol::max_request_depth);
        return field.name == "orders" && orders && std::ranges::all_of(*orders, is_order_id);
    });
}

// Then it means orders that are there, none that still waits to be sent.
bool cancels_by_id(const Call& call) {
    const bool cancels = call.endpoint->name == "CancelOrder" || call.endpoint->name == "CancelOrderBatch";
    return cancels && !cancels_by_name(call);
}

// One call under way, for as long as this lives.
class UnderWay {
public:
    UnderWay(std::size_t& count, boost::asio::steady_timer& none) : count_(count), none_(none) { ++count_; }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    ~UnderWay() {
        if (--count_ == 0) none_.cancel();
    }

private:
    std::size_t& count_;
    boost::asio::steady_timer& none_;
};

}  // namespace

Account::Account(Services services, RetrySettings retry, std::vector<KeyOnLane> keys)
    : services_(std::move(services)),
      retry_(retry),
      keys_(services_.store),
      limits_(services_.clock, keys.front().info.tier),
      admission_(std::make_shared<Admission>(
          services_.executor,
          keys_,
          [this](const Line::Entry& entry) {
              return keys_.way_of(entry, [this](const Key& key, const Line::Entry& each) {
                  return limits_.wait_for(key, each);
              });
          },
          [this](const Line::Entry& entry) { limits_.take(entry); }
      )),
      reads_(services_.executor),
      none_under_way_(services_.executor) {
    serve_with(std::move(keys));
}

void Account::keep_to_limits(bool model) {
    const auto now = services_.clock.elapsed();
    for (const auto& key : keys())
        key->lane()->rest().configure(key->info().tier, model, now);
    limits_.configure(info().tier, model);
    admission_->limits_changed();
}

std::shared_ptr<Account> Account::open(
    Services services, RetrySettings retry, PlacementSettings placement, std::vector<KeyOnLane> keys
) {
    const std::shared_ptr<Account> account(new Account(std::move(services), retry, std::move(keys)));
    // A look-up may outlive the account, whose keys were replaced meanwhile.
    const AskKraken ask_kraken =
        [weak = account->weak_from_this()](
            const protocol::Endpoint& endpoint, kraken::Parameters parameters, std::optional<base::KeyId> key
        ) { return ask(weak, endpoint, std::move(parameters), std::move(key)); };
    account->placements_ =
        std::make_shared<Placements>(account->services_, account->info().account, placement, ask_kraken);
    return account;
}

void Account::configure(RetrySettings retry, PlacementSettings placement) {
    retry_ = retry;
    placements_->configure(placement);
}

void Account::serve_with(std::vector<KeyOnLane> keys, const std::set<base::KeyId>& draining) {
    draining_ = draining;
    keys_.become(std::move(keys));
    admission_->keys_changed();
}

awaitable<Result<std::string>> Account::call(Call call) {
    const auto self = shared_from_this();
    // With an idempotency key it may be the repeat of one that was executed: that comes first.
    if (auto refused = refusal(); refused && call.idempotency_key.empty()) {
        refused->account = info().account.text();
        co_return std::unexpected(std::move(*refused));
    }

    const UnderWay under_way(under_way_, none_under_way_);
    const auto begun = steady_clock::now();
    auto outcome = co_await read_or_act(call);
    const bool executed = outcome || outcome.error().executed != Executed::no;
    const bool sweeps_all = call.endpoint->name == "CancelAll";  // everybody's: nothing is left to join
    // Who cancels knows of its orders. Lists prove nothing: many bots ask for them all the time, beside the
    // library that is about to place the order anew.
    if (executed && call.endpoint->effect == protocol::Effect::cancel)
        placements_->told([&](const state::Intent& intent) {
            return sweeps_all || intent.client == call.caller.identity();
        });
    latency_.add(std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begun));
    count(outcome);
    if (!outcome) outcome.error().account = info().account.text();
    co_return outcome;
}

awaitable<Result<std::string>> Account::read_or_act(Call call) {
    if (call.endpoint->effect == protocol::Effect::read) {
        auto outcome =
            co_await reads_.read(std::move(call), [this](const Call& each, SharedReads::Flight& flight) {
                return make(each, {.flight = &flight});
            });
        co_return outcome;
    }
    auto outcome = co_await act(call);
    if (outcome || outcome.error().executed != Executed::no) reads_.acted();
    co_return outcome;
}

awaitable<Result<std::string>> Account::act(const Call& call) {
    if (is_placement(*call.endpoint)) {
        const Placements::SendOnce send_once = [this](const Call& each, const Lane::Prepare& prepare) {
            return place(each, prepare);
        };
        auto outcome = co_await placements_->place(call, send_once);
        co_return outcome;
    }
    if (call.endpoint->name == "CancelAll") co_return co_await cancel_all(call);
    auto outcome = call.objection ? co_await make_unless_objected(call) : co_await make(call, {});
    co_return outcome;
}

awaitable<Result<std::string>> Account::make_unless_objected(const Call& call) {
    const Lane::Prepare prepare{
        [&call](const base::KeyId&, base::Nonce) -> awaitable<Result<kraken::Parameters>> {
            if (auto objection = call.objection(call)) co_return std::unexpected(std::move(*objection));
            co_return call.parameters;
        },
        []() -> awaitable<Result<void>> { co_return Result<void>(); },
    };
    auto outcome = co_await make(call, {.prepare = &prepare});
    co_return outcome;
}

awaitable<Result<std::string>> Account::place(const Call& call, const Lane::Prepare& prepare) {
    if (auto refused = refusal()) co_return std::unexpected(std::move(*refused));
    auto outcome = co_await make(call, {.prepare = &prepare});
    co_return outcome;
}

// What it concerns is written down in its turn, just before its first byte leaves: not what is sent later.
awaitable<Result<std::string>> Account::cancel_all(const Call& call) {
    const Placements::Sweep sweep(placements_);
    placements_->drop_unsent(call.caller.client());
    std::vector<std::string> concerned;
    const Lane::Prepare prepare{
        [&call](const base::KeyId&, base::Nonce) -> awaitable<Result<kraken::Parameters>> {
            co_return call.parameters;
        },
        [this, &concerned]() -> awaitable<Result<void>> {
            auto more = co_await placements_->cancel_what_shows();
            concerned.insert(concerned.end(), more.begin(), more.end());
            co_return Result<void>();
        },
    };
    auto outcome = co_await make(call, {.prepare = &prepare});
    const bool executed = outcome || outcome.error().executed != Executed::no;
    if (!executed) co_await placements_->spare(std::move(concerned));
    co_return outcome;
}

awaitable<Result<std::string>> Account::make(const Call& call, Course course) {
    Place place{sweeps(*call.endpoint) ? Place::Behind::whatever_acts : Place::Behind::placements};
    if (sweeps(*call.endpoint) || cancels_by_name(call)) course.place = &place;
    const SendOnce send_once = [this, &call, &course] { return send(call, course); };
    Result<std::string> outcome;
    do {
        outcome = co_await make_call(services_.api, services_.clock, call, retry_, send_once);
        if (course.key) course.key->learn(*call.endpoint, outcome);
    } while (goes_elsewhere(call, course, outcome));
    co_return outcome;
}

// A named key is asked on its own lane; else any will do that may.
awaitable<Result<std::string>> Account::ask(
    std::weak_ptr<Account> account,
    const protocol::Endpoint& endpoint,
    kraken::Parameters parameters,
    std::optional<base::KeyId> key
) {
    const auto self = account.lock();
    // It stays where it is needed, and then serves again.
    if (self && key && self->draining_.contains(*key))
        co_return protocol::fail(ErrorCode::locked, "the key is being removed, and asks nothing meanwhile");
    if (!self || (key && !self->keys_.find(*key)))
        co_return protocol::fail(ErrorCode::unknown_account, "the key is not there any more");
    constexpr std::chrono::seconds patience{30};
    const auto deadline = steady_clock::now() + patience;
    const Call call{&endpoint, std::move(parameters), deadline, patience, "settling"};
    // What fails is asked again in a later round: repeats at once would keep an exceeded limit exceeded.
    RetrySettings once = self->retry_;
    once.max_attempts = 1;
    Course course{.settles = true, .only_key = key ? &*key : nullptr};
    const SendOnce send_once = [&] { return self->send(call, course); };
    auto outcome = co_await make_call(self->services_.api, self->services_.clock, call, once, send_once);
    // What is found out may be news to a read that is under way.
    self->reads_.acted();
    co_return outcome;
}

// While one key serves, it does.
std::optional<Error> Account::refusal() const {
    if (retiring_) return protocol::make_error(ErrorCode::unknown_account, "the account is being removed");
    const bool serves = std::ranges::any_of(keys(), [](const auto& key) { return key->lane()->serves(); });
    return serves ? std::nullopt : keys_.best().lane()->refusal();
}

// One attempt, on the first lane that is free for it and has room.
awaitable<Result<kraken::Attempt>> Account::send(const Call& call, Course& course) {
    Ration ration{touch_of(*call.endpoint, call.parameters)};
    const Line::Entry entry{
        .endpoint = call.endpoint,
        .client = call.caller.client(),
        .repeat = std::exchange(course.repeat, true),
        .passes_held = cancels_by_id(call),
        .settles = course.settles,
        .only_key = course.only_key,
        .ration = &ration,
    };
    // A repeat waits anew: the time that the first copy took was not spent waiting. What made way for a
    // cancel has not to pay for that.
    const auto longest = course.given_up ? call.deadline : steady_clock::now() + call.max_wait;
    const auto turn = std::min(longest, call.deadline);
    auto entered = co_await enter(entry, turn);
    if (!entered) co_return std::unexpected(std::move(entered.error()));
    auto permit = limits_.permit(entry);
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    course.key = entered->key();
    if (course.flight) reads_.sent(*course.flight);
    auto attempt = co_await course.key->lane()->send(
        entered->turn(),
        {.endpoint = *call.endpoint,
         .parameters = call.parameters,
         .deadlines = {turn, call.deadline},
         .place = course.place,
         .counts = !course.settles,
         .prepare = course.prepare,
         .sent = call.sent.get()}
    );
    course.given_up = attempt && attempt->given_up;
    if (attempt) limits_.settle(entry, *permit, *attempt);
    co_return attempt;
}

awaitable<Result<Admission::Pass>> Account::enter(const Line::Entry& entry, steady_clock::time_point turn) {
    if (auto pass = admission_->enter_if_free(entry)) co_return std::move(*pass);
    if (auto refused = limits_.refusal(keys_, entry, turn)) co_return std::unexpected(std::move(*refused));
    auto pass = co_await admission_->enter(entry, turn);
    const bool too_late = !pass && pass.error().code == ErrorCode::timeout;
    if (!too_late) co_return pass;
    if (auto refused = limits_.refusal(keys_, entry, turn)) co_return std::unexpected(std::move(*refused));
    co_return pass;
}

// Kraken does not accept this key for it, so nothing was done, and another may serve. What acts once and was
// sent goes back to its caller all the same.
bool Account::goes_elsewhere(const Call& call, const Course& course, const Result<std::string>& outcome)
    const {
    if (outcome || outcome.error().executed != protocol::Executed::no) return false;
    const ErrorCode code = outcome.error().code;
    if (code != ErrorCode::auth && code != ErrorCode::permission) return false;
    if (kraken::acts_once(*call.endpoint) && outcome.error().origin == protocol::Origin::kraken) return false;
    const auto suits = [&call](const auto& key) { return key->lane()->serves() && key->may(*call.endpoint); };
    return course.key && !suits(course.key) && std::ranges::any_of(keys(), suits);
}

void Account::count(const Result<std::string>& outcome) {
    ++calls_;
    if (outcome) {
        last_success_at_ = services_.clock.now();
    } else {
        ++errors_;
        last_error_ = protocol::category(outcome.error().code);
    }
}

void Account::refused(const base::KeyId& key, const protocol::Endpoint& endpoint, Error& error) {
    if (Key* const found = keys_.find(key)) found->refused(endpoint, error);
}

void Account::validated(keeper::KeyInfo info) {
    Key* const key = keys_.find(info.key);
    if (!key) return;
    key->validated(std::move(info));
    admission_->keys_changed();
}

awaitable<bool> Account::retire(steady_clock::time_point deadline) {
    const auto self = shared_from_this();
    if (retiring_ || placements_->is_settling()) co_return false;
    retiring_ = true;
    none_under_way_.expires_at(deadline);
    if (under_way_ > 0)
        co_await none_under_way_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (under_way_ == 0 && !placements_->is_settling()) co_return true;
    retiring_ = false;
    co_return false;
}

}  // namespace krakken::account
