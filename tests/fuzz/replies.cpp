// kraken/reply and kraken/refusal over hostile answers: a result is one line of JSON, a placement is never
// called harmless and unknown at once.

#include "kraken/refusal.hpp"
#include "kraken/reply.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "targets.hpp"

namespace krakken::fuzz {

namespace {

using protocol::ErrorCode;
using protocol::Executed;

void check_refusal(const std::vector<std::string>& errors) {
    for (const char* name : {"Balance", "CancelOrder", "AddOrder", "Withdraw"}) {
        const protocol::Endpoint& endpoint = *protocol::find_endpoint(name);
        const protocol::Error error = kraken::classify(errors, endpoint, base::Time());
        const bool open = error.executed == Executed::unknown;
        require(open == (error.code == ErrorCode::outcome_unknown), "unknown is one code");
        require(!open || kraken::acts_once(endpoint), "only what acts can be unknown");
        require(!open || !error.retryable, "what is unknown is not repeated");
        if (error.retry_after)
            require(
                *error.retry_after > std::chrono::seconds(0) && *error.retry_after <= std::chrono::hours(1),
                "a pause"
            );
        const std::string text = protocol::to_json(error);
        require(protocol::check_json(text, 8).has_value() && !text.contains('\n'), "an error is a line");
    }
}

}  // namespace

void replies(Input input) {
    if (input.empty()) return;
    constexpr unsigned statuses[] = {200, 200, 202, 502};
    constexpr std::string_view types[] = {"application/json", "application/zip", "text/html", ""};
    const unsigned char choice = input.front();
    const auto answer = kraken::read_reply(
        statuses[choice % 4], types[choice / 4 % 4], std::string(text_of(input.subspan(1)))
    );
    if (!answer) {
        require(!answer.error().empty(), "a reason is given");
        return;
    }
    require(!answer->result.empty() || !answer->errors.empty(), "an answer says something");
    if (!answer->result.empty()) {
        require(
            protocol::check_json(answer->result, protocol::max_reply_depth).has_value(), "a result is JSON"
        );
        require(!answer->result.contains('\n') && !answer->result.contains('\r'), "a result is one line");
    }
    if (!answer->errors.empty()) check_refusal(answer->errors);
}

}  // namespace krakken::fuzz
