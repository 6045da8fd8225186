#pragma once

// Who asked for a call, by the kernel's word: for the audit, for the order of one client's calls, and for
// whose intents are whose.

#include <sys/types.h>

#include <compare>
#include <string>
#include <utility>

namespace krakken::base {

// One program at work for one identity: its calls stand together in an account's line.
struct Client {
    uid_t uid = 0;
    pid_t pid = 0;
    std::string bot = {};

    auto operator<=>(const Client&) const = default;
};

struct Caller {
    uid_t uid = 0;
    pid_t pid = 0;
    std::string program = {};  // file name of the executable; empty where the kernel does not tell
    std::string bot = {};      // whose key was shown; empty: none was, and the user counts
    std::string bot_key = {};  // the hashed name of that key

    void become(std::string name, std::string key) {
        program = "bot:" + name;
        bot = std::move(name);
        bot_key = std::move(key);
    }

    // Whose idempotency keys and intents these are: the same for all programs of one user.
    std::string identity() const { return bot.empty() ? "uid:" + std::to_string(uid) : "bot:" + bot; }
    Client client() const { return {uid, pid, bot}; }
};

}  // namespace krakken::base
