#include "tests/exchange/admission/admission.hpp"

#include <algorithm>
#include <array>

#include "tests/exchange/admission/signature.hpp"

namespace exchange::front {

namespace {

constexpr std::string_view private_prefix = "/0/private/";
constexpr std::string_view public_prefix = "/0/public/";

bool refuse(Verdict& verdict, std::string_view error, std::string detail = {}) {
    verdict.error = error;
    verdict.detail = std::move(detail);
    return false;
}

std::string with_time(std::string text, Time time) {
    constexpr std::string_view mark = "{time}";
    const auto at = text.find(mark);
    if (at == std::string::npos) return text;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    return text.replace(at, mark.size(), std::to_string(seconds));
}

}  // namespace

struct Admission::NamedCheck {
    std::string_view name;
    Check check;
};

Verdict Admission::judge(const Attempt& attempt) {
    Verdict verdict;
    Progress progress{.attempt = attempt, .verdict = verdict, .otp = {}, .nonce = {}};
    if (!route(progress)) {
        verdict.refused_by = "route";
    } else if (verdict.endpoint == nullptr) {
        judge_public(progress);
    } else {
        judge_private(progress);
    }
    return verdict;
}

bool Admission::route(Progress& progress) {
    const Attempt& attempt = progress.attempt;
    Verdict& verdict = progress.verdict;
    const bool is_private_path = attempt.path.starts_with(private_prefix);
    if (!is_private_path && !attempt.path.starts_with(public_prefix)) {
        verdict.status = 404;
        return refuse(verdict, "", "not a path of the API");
    }
    verdict.name = attempt.path.substr(is_private_path ? private_prefix.size() : public_prefix.size());
    if (is_private_path) verdict.endpoint = find_private(verdict.name);
    if (is_private_path ? verdict.endpoint == nullptr : !is_public(verdict.name)) {
        verdict.status = static_cast<unsigned>(switches_.unknown_method_status);
        return refuse(verdict, switches_.text_unknown_method);
    }
    if (attempt.method != (is_private_path ? "POST" : "GET")) {
        verdict.status = static_cast<unsigned>(switches_.http_method_status);
        return refuse(verdict, switches_.text_http_method, "wrong HTTP method");
    }
    if (switches_.user_agent_required && !attempt.has_user_agent) {
        return refuse(verdict, switches_.text_user_agent, "no User-Agent");
    }
    if (is_private_path && !attempt.query.empty() && switches_.query_string == "refuse") {
        return refuse(verdict, switches_.text_query_string, "query string on a private call");
    }
    return true;
}

void Admission::judge_public(Progress& progress) {
    Verdict& verdict = progress.verdict;
    auto query = parse_form(progress.attempt.query);
    if (!query) {
        verdict.refused_by = "body";
        refuse(verdict, switches_.text_body, query.error());
        return;
    }
    verdict.params = std::move(query->params);
    std::string who = progress.attempt.address;
    for (const auto& [name, param] : verdict.params) {
        if (name == "pair") who += ' ' + param.text;
    }
    if (public_limit_.charge(who, switches_.public_burst, switches_.public_per_minute, progress.attempt.now))
        return;
    verdict.refused_by = "rate";
    refuse(verdict, switches_.text_public_rate);
    if (switches_.rate_limit_as == "429") verdict.status = 429;
}

void Admission::judge_private(Progress& progress) {
    static constexpr std::array<NamedCheck, 12> checks{{
        {"lockout", &Admission::check_lockout},
        {"key", &Admission::check_key},
        {"address", &Admission::check_address},
        {"expiry", &Admission::check_expiry},
        {"body", &Admission::check_body},
        {"nonce_syntax", &Admission::check_nonce_syntax},
        {"signature", &Admission::check_signature},
        {"nonce_order", &Admission::check_nonce_order},
        {"otp", &Admission::check_otp},
        {"permission", &Admission::check_permission},
        {"concurrency", &Admission::check_concurrency},
        {"rate", &Admission::check_rate},
    }};
    for (const std::string& name : switches_.check_order) {
        const auto named = std::ranges::find(checks, name, &NamedCheck::name);
        if ((this->*named->check)(progress)) continue;
        progress.verdict.refused_by = name;
        break;
    }
    settle(progress);
}

bool Admission::check_lockout(Progress& progress) {
    const Attempt& attempt = progress.attempt;
    const std::string& subject = switches_.lockout_scope == "key" ? attempt.api_key : attempt.address;
    if (!lockouts_.locked(subject, switches_, attempt.now)) return true;
    return refuse(progress.verdict, switches_.text_lockout);
}

bool Admission::check_key(Progress& progress) {
    progress.key = keys_.find(progress.attempt.api_key);
    progress.verdict.key = progress.key;
    if (progress.key == nullptr) return refuse(progress.verdict, switches_.text_key);
    progress.tier = keys_.accounts.at(progress.key->account).tier;
    return true;
}

bool Admission::check_address(Progress& progress) {
    if (allows_address(*progress.key, progress.attempt.address)) return true;
    return refuse(progress.verdict, switches_.text_address, "address is not on the key's list");
}

bool Admission::check_expiry(Progress& progress) {
    const std::int64_t until = progress.key->valid_until;
    if (until == 0 || progress.attempt.now < Time(std::chrono::seconds(until))) return true;
    return refuse(progress.verdict, switches_.text_expiry, "the key has expired");
}

bool Admission::check_body(Progress& progress) {
    const Attempt& attempt = progress.attempt;
    std::optional<bool> json = false;
    if (attempt.content_type) {
        json = content_type_is_json(*attempt.content_type);
    } else if (switches_.content_type_required) {
        json = std::nullopt;
    }
    if (!json) return refuse(progress.verdict, switches_.text_content_type, "wrong or missing Content-Type");
    auto body = *json ? parse_json_body(attempt.body) : parse_form(attempt.body);
    if (!body) return refuse(progress.verdict, switches_.text_body, body.error());
    progress.verdict.params = std::move(body->params);
    progress.verdict.nonce = std::move(body->nonce);
    progress.otp = std::move(body->otp);
    return true;
}

bool Admission::check_nonce_syntax(Progress& progress) {
    constexpr std::uint64_t int63_max = 0x7fffffffffffffff;
    progress.nonce = parse_nonce(progress.verdict.nonce.value_or(""));
    if (!progress.nonce)
        return refuse(progress.verdict, switches_.text_nonce, "nonce is missing or not decimal");
    if (*progress.nonce > int63_max && !switches_.nonce_above_int63) {
        return refuse(progress.verdict, switches_.text_nonce, "nonce above 2^63-1");
    }
    return true;
}

bool Admission::check_signature(Progress& progress) {
    const Attempt& attempt = progress.attempt;
    std::string path(attempt.path);
    if (!attempt.query.empty() && switches_.query_string.starts_with("sign")) {
        if (switches_.query_string == "sign_with_mark") path += '?';
        path += attempt.query;
    }
    const std::string expected = sign(progress.key->secret, path, *progress.verdict.nonce, attempt.body);
    progress.signature_good = same_signature(expected, attempt.api_sign);
    return progress.signature_good || refuse(progress.verdict, switches_.text_signature);
}

bool Admission::check_nonce_order(Progress& progress) {
    const ApiKey& key = *progress.key;
    if (key.nonces.acceptable(*progress.nonce, key.nonce_window, switches_.nonce_repeat_inside_window))
        return true;
    return refuse(
        progress.verdict, switches_.text_nonce, "highest so far " + std::to_string(key.nonces.highest())
    );
}

bool Admission::check_otp(Progress& progress) {
    const auto& wanted = progress.key->otp;
    if (!wanted) {
        if (!progress.otp || switches_.text_otp_unexpected.empty()) return true;
        return refuse(progress.verdict, switches_.text_otp_unexpected, "the key has no otp");
    }
    if (!progress.otp) return refuse(progress.verdict, switches_.text_otp_missing, "otp is missing");
    return *progress.otp == *wanted || refuse(progress.verdict, switches_.text_otp_wrong, "otp is wrong");
}

bool Admission::check_permission(Progress& progress) {
    const Verdict& verdict = progress.verdict;
    if (permits(*verdict.endpoint, verdict.params, progress.key->permissions, switches_)) return true;
    return refuse(progress.verdict, switches_.text_permission);
}

bool Admission::check_concurrency(Progress& progress) {
    if (switches_.max_concurrent == 0 || *progress.key->in_flight < switches_.max_concurrent) return true;
    const Time again = progress.attempt.now + std::chrono::seconds(switches_.throttled_seconds);
    return refuse(progress.verdict, with_time(switches_.text_throttled, again));
}

bool Admission::check_rate(Progress& progress) {
    const std::int64_t cost = rest_cost(*progress.verdict.endpoint, switches_);
    RestCounter& counter = progress.key->counter;
    progress.charged = counter.charge(cost, progress.tier, switches_.counter_step_ms, progress.attempt.now);
    if (progress.charged) return true;
    if (switches_.rate_limit_as == "429") progress.verdict.status = 429;
    return refuse(progress.verdict, switches_.text_rate);
}

void Admission::settle(Progress& progress) {
    const Attempt& attempt = progress.attempt;
    const std::string& check = progress.verdict.refused_by;
    const std::string& subject = switches_.lockout_scope == "key" ? attempt.api_key : attempt.address;
    if (check.empty()) {
        lockouts_.succeeded(subject);
    } else if (contains(switches_.lockout_on_refusal, check)) {
        lockouts_.failed(subject, switches_, attempt.now);
    }
    if (progress.key == nullptr) return;
    ++progress.key->calls;
    if (!check.empty()) ++progress.key->refused;
    if (check == "nonce_order" || check == "nonce_syntax") ++progress.key->nonces_refused;
    settle_nonce(progress);
    // Without a good signature anyone could spend the counter of somebody else's key.
    if (!check.empty() && progress.signature_good && !progress.charged &&
        contains(switches_.counted_on_refusal, check)) {
        const std::int64_t cost = rest_cost(*progress.verdict.endpoint, switches_);
        progress.key->counter.add(cost, progress.tier, switches_.counter_step_ms, attempt.now);
    }
}

void Admission::settle_nonce(Progress& progress) {
    const std::string& check = progress.verdict.refused_by;
    ApiKey& key = *progress.key;
    if (!progress.nonce) return;
    if (!key.nonces.acceptable(*progress.nonce, key.nonce_window, switches_.nonce_repeat_inside_window))
        return;
    // A call that was not proven to be the owner's leaves the nonce alone, unless a switch says that bad
    // signatures use it up.
    const bool refused_but_used =
        contains(switches_.nonce_used_on_refusal, check) && (progress.signature_good || check == "signature");
    if (!check.empty() && !refused_but_used) return;
    key.nonces.record(*progress.nonce);
    progress.verdict.nonce_used = true;
}

void Admission::refuse_later(Verdict& verdict, std::string_view reason) {
    verdict.refused_by = reason;
    ApiKey* key = verdict.key == nullptr ? nullptr : keys_.find(verdict.key->api_key);
    if (key == nullptr) return;
    ++key->refused;
    if (contains(switches_.nonce_used_on_refusal, reason)) return;
    key->nonces.forget(*parse_nonce(*verdict.nonce));
    verdict.nonce_used = false;
}

}  // namespace exchange::front
