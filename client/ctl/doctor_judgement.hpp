#pragma once

// What the daemon's answers mean for `doctor`. Text in, findings out.

#include <string>
#include <string_view>

#include "client/failure.hpp"
#include "findings.hpp"

namespace krakken::ctl {

// `status` is the daemon's answer.
Finding judge_version(std::string_view status, std::string_view own_version);
Finding judge_protection(std::string_view status);
Finding judge_vault(std::string_view status);
Finding judge_clock(std::string_view status);

// Kraken's SystemStatus, or why it could not be had.
Finding judge_kraken(const client::Outcome<std::string>& answer);

// One finding per account of `status`; `list` is the answer of account.list.
Findings judge_accounts(std::string_view status, std::string_view list);

// What account.validate said of an account's key.
Findings judge_key(const std::string& account, const client::Outcome<std::string>& answer);

// One finding per key of nonce.status.
Findings judge_nonces(std::string_view nonces);

}  // namespace krakken::ctl
