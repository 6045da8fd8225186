#pragma once

// A session in one of the states that daemon and keys can be in, and what it answers, as text.

#include "session_bench.hpp"
#include "support/scratch.hpp"

#include <array>
#include <regex>
#include <string>
#include <string_view>

namespace krakken::test {

enum class Keys {
    none,                // no vault, nothing in the environment
    locked,              // a vault with `master`
    unlocked,            // the same, open
    environment,         // `user_env` from the environment, no vault
    environment_locked,  // `user_env` beside the locked vault
    environment_open,    // `user_env` beside the open vault
    wiped,               // `user_env` from the environment, wiped by a lock, no vault
};

inline constexpr std::array all_keys{
    Keys::none,
    Keys::locked,
    Keys::unlocked,
    Keys::environment,
    Keys::environment_locked,
    Keys::environment_open,
    Keys::wiped,
};

struct Scene : SessionBench {
    explicit Scene(Keys keys, protocol::SocketKind kind = protocol::SocketKind::client) : SessionBench(kind) {
        using keeper::VaultState;
        const bool vault = keys == Keys::locked || keys == Keys::unlocked ||
                           keys == Keys::environment_locked || keys == Keys::environment_open;
        const bool open = keys == Keys::unlocked || keys == Keys::environment_open;
        keeper.vault = open ? VaultState::unlocked : vault ? VaultState::locked : VaultState::uninitialized;
        keeper.path = folder.path() / "secrets.enc";
        if (vault) {
            folder.file("secrets.enc", "");
        } else {
            keeper.saved.clear();
        }
        if (keys >= Keys::environment) keeper.hold_environment("user_env", "000000e0");
        accounts.refresh();
        if (keys == Keys::wiped) {
            keeper.lock();
            accounts.refresh();
        }
        backend.reload = [] { return gate::Reloaded{{"kraken.base_url"}}; };
    }

    // The one line that answers this one, with # for the call_id, which must be there in an error.
    std::string ask(std::string_view line) {
        write(std::string(line) + '\n');
        return shown(replies());
    }
    std::string ask(std::string_view method, std::string_view params) {
        request("1", method, params);
        return shown(replies());
    }
    // The next reply, which comes by time or from another thread.
    std::string next_reply() {
        std::vector<std::string> lines;
        while ((lines = replies()).empty()) {
            loop.context.restart();
            loop.context.run_one_for(std::chrono::milliseconds(10));
        }
        return shown(lines);
    }

    const Scratch folder;

private:
    static std::string shown(const std::vector<std::string>& lines) {
        if (lines.size() != 1) return std::to_string(lines.size()) + " replies";
        static const std::regex call_id(R"("call_id":"[0-9a-f]{8}-[0-9]+")");
        return std::regex_replace(lines[0], call_id, R"("call_id":"#")");
    }
};

inline std::string result(std::string_view json) {
    return R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(json) + '}';
}

// An error of the daemon's own after which nothing was done; `more` are further members of data, with their
// comma in front.
inline std::string error(
    int code,
    std::string_view category,
    std::string_view message,
    std::string_view more = "",
    std::string_view id = "1",
    bool retryable = false
) {
    std::string text =
        R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"error":{"code":)" + std::to_string(code);
    text += R"(,"message":")" + std::string(message) + R"(","data":{"category":")" + std::string(category);
    text += R"(","executed":"no","retryable":)" + std::string(retryable ? "true" : "false");
    return text + R"(,"origin":"daemon","call_id":"#")" + std::string(more) + "}}}";
}

inline constexpr auto name_shape = "an account's name is 1 to 64 characters of a-z, 0-9, _ and -";

// What the parameters are is wrong.
inline std::string bad(std::string_view message) {
    return error(-32602, "protocol", message);
}

inline bool has_reason(std::string_view reply, std::string_view code, std::string_view reason) {
    return reply.contains(R"("error":{"code":)" + std::string(code) + ',') &&
           reply.contains(R"("reason":")" + std::string(reason) + '"');
}

inline const std::string no_vault = error(
    -32001, "locked", "there is no vault yet", R"(,"remedy":"run: krakkenctl setup","state":"uninitialized")"
);
inline const std::string is_locked =
    error(-32001, "locked", "the vault is locked", R"(,"remedy":"run: krakkenctl unlock","state":"locked")");

}  // namespace krakken::test
