#pragma once

// What the keeper's tests share: a scratch folder, a clock to set, and a loop that runs one coroutine to its
// end.

#include "base/clock.hpp"
#include "keeper/keeper.hpp"

#include <sys/stat.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace krakken::keeper::test {

class Scratch {
public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "krakken_keeper_XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    ~Scratch() { std::filesystem::remove_all(path_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path vault() const { return path_ / "secrets.enc"; }

private:
    std::filesystem::path path_;
};

class SetClock final : public base::Clock {
public:
    base::Time now() const override { return time; }
    std::chrono::microseconds elapsed() const override { return {}; }
    base::Time time{std::chrono::seconds(1'700'000'000)};
};

inline std::vector<unsigned char> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::filesystem::path& path, std::span<const unsigned char> bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    chmod(path.c_str(), 0600);
}

inline std::string detail(const protocol::Error& error, std::string_view name) {
    const auto* value = error.details.if_contains(name);
    return value ? std::string(value->as_string().c_str()) : "";
}
inline std::string reason(const protocol::Error& error) {
    return detail(error, "reason");
}
inline std::string state_of(const protocol::Error& error) {
    return detail(error, "state");
}

template <class T>
boost::asio::awaitable<void> keep_result(boost::asio::awaitable<T> work, std::optional<T>& result) {
    result = co_await std::move(work);
}

// Runs a coroutine on the loop until there is no work left.
template <class T>
T run(boost::asio::io_context& loop, boost::asio::awaitable<T> work) {
    std::optional<T> result;
    boost::asio::co_spawn(loop, keep_result(std::move(work), result), [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
    loop.restart();
    loop.run();
    if (!result) throw std::logic_error("the coroutine never ended");
    return std::move(*result);
}

inline SecretText text(std::string_view plain) {
    return SecretText::copy_of(plain);
}

// Kraken's published example secret, 64 bytes.
inline constexpr std::string_view example_secret =
    "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";

inline NewKey new_key(
    std::string_view account, std::string_view api_key, std::optional<std::string_view> otp = std::nullopt
) {
    NewKey key{
        .account = *base::AccountName::parse(account),
        .api_key = text(api_key),
        .api_secret = text(example_secret),
        .otp = std::nullopt,
    };
    if (otp) key.otp = text(*otp);
    return key;
}

// An environment as a process has it: writable strings, and a null-terminated list of them.
class Environment {
public:
    explicit Environment(std::vector<std::string> entries) : entries_(std::move(entries)) {
        for (std::string& entry : entries_)
            list_.push_back(entry.data());
        list_.push_back(nullptr);
    }
    char** list() { return list_.data(); }
    // What is left of it.
    std::vector<std::string> left() const {
        std::vector<std::string> entries;
        for (std::size_t i = 0; list_[i] != nullptr; ++i)
            entries.emplace_back(list_[i]);
        return entries;
    }
    // The bytes where the entries stood, taken or not.
    const std::vector<std::string>& bytes() const { return entries_; }

private:
    std::vector<std::string> entries_;
    std::vector<char*> list_;
};

// Keys from the environment that have the example secret, by account: "master" or "user_...".
inline EnvironmentKeys from_environment(const std::map<std::string, std::string>& api_keys) {
    std::vector<std::string> entries;
    for (const auto& [account, api_key] : api_keys) {
        const std::string stem = "KRAKEN_" + (account == "master" ? "MASTER" : "USER_" + account.substr(5));
        entries.push_back(stem + "_API_KEY=" + api_key);
        entries.push_back(stem + "_API_SECRET=" + std::string(example_secret));
    }
    Environment environment(std::move(entries));
    return take_environment_keys(environment.list()).value();
}

// A keeper over a scratch folder, at the lowest cost there is.
struct Fixture {
    Scratch scratch;
    SetClock clock;
    boost::asio::io_context loop{1};
    std::unique_ptr<Keeper> keeper = make({});

    std::unique_ptr<Keeper> make(EnvironmentKeys environment) {
        return make_keeper(
            loop.get_executor(),
            clock,
            {.vault_file = scratch.vault(),
             .cost = KdfCost::interactive,
             .environment = std::move(environment)}
        );
    }
    // A new process, as it were.
    void restart(EnvironmentKeys environment = {}) { keeper = make(std::move(environment)); }

    template <class T>
    T run(boost::asio::awaitable<T> work) {
        return test::run(loop, std::move(work));
    }
    // Runs a call that saves up to its save, and the save to its end, but not what comes after it.
    void run_into_save(const std::vector<unsigned char>& before) {
        loop.restart();
        loop.poll_one();  // the call begins
        loop.poll_one();  // it has its turn, and hands the save to the keeper's thread
        while (read_file(scratch.vault()) == before) {
        }
    }
    void create(std::string_view passphrase = "right") {
        if (!run(keeper->create(text(passphrase)))) throw std::runtime_error("the vault was not created");
    }
    Result<void> unlock(std::string_view passphrase = "right") {
        return run(keeper->unlock(text(passphrase)));
    }
    // A saved key.
    base::KeyId add(
        std::string_view account, std::string_view api_key, std::optional<std::string_view> otp = std::nullopt
    ) {
        auto staged = run(keeper->stage(new_key(account, api_key, otp)));
        if (!staged || !run(keeper->commit(staged->key, clock.time)))
            throw std::runtime_error("the key was not saved");
        return staged->key;
    }
    Result<SignedRequest> sign(
        const base::KeyId& key, std::string body = "nonce=1616492376594", BodyForm form = BodyForm::form
    ) {
        return run(keeper->sign(key, "/0/private/Balance", base::Nonce(1616492376594), std::move(body), form)
        );
    }
};

}  // namespace krakken::keeper::test
