#pragma once

// A server at a Unix socket in a scratch folder, whose answers the test decides.

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace krakken::test {

// A folder that goes with the object.
class ScratchFolder {
public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

class FakeDaemon {
public:
    // The bytes to send back for a line (none: close the connection); they are sent in `piece`-byte writes.
    using Answer = std::function<std::optional<std::string>(const std::string& line)>;

    explicit FakeDaemon(Answer answer, std::size_t piece = 1 << 20);
    // Ends its thread; connections are closed.
    ~FakeDaemon();
    FakeDaemon(const FakeDaemon&) = delete;
    FakeDaemon& operator=(const FakeDaemon&) = delete;

    std::vector<std::filesystem::path> sockets() const { return {folder_.path() / "krakkend.sock"}; }
    std::vector<std::string> lines() const;  // that came, line feeds left off
    int connections() const { return connections_; }

private:
    void serve();
    void serve_one(int connection);

    ScratchFolder folder_;
    Answer answer_;
    std::size_t piece_;
    int listener_ = -1;
    int stop_read_ = -1;
    int stop_write_ = -1;
    std::atomic<int> connections_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
    std::thread thread_;
};

// A reply with this raw result to the request of `line`.
std::string reply(const std::string& line, const std::string& result);
std::string error_reply(const std::string& line, const std::string& error);
// The id of a request, as it is written.
std::string id_of(const std::string& line);

}  // namespace krakken::test
