#pragma once

// What every command is given: the options that hold for all of them, and its connection to the daemon.

#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "client/client.hpp"
#include "exit_status.hpp"

namespace krakken::ctl {

struct Context;

// A command's end: its exit status, or why it failed. It may also throw UsageError.
using Finished = client::Outcome<ExitStatus>;
using Command = std::function<Finished(const Context&)>;

struct Context {
    bool json = false;
    std::string socket;
    std::string config_dir;
    std::string state_dir;
    std::string runtime_dir;
    Command command;  // the one that was chosen

    // Folders that the options name.
    protocol::PathChoices folders() const;
    // Connected, and the server verified: only then is anything asked of a person or sent.
    std::vector<std::filesystem::path> sockets(protocol::SocketKind kind) const;  // to try in turn
    client::Outcome<client::Client> connect(protocol::SocketKind kind) const;
};

// A method without secrets whose result is printed: as it is with --json, else as `readable` writes it.
using Readable = std::function<std::string(std::string_view result)>;
Finished ask_and_print(
    const Context& context,
    protocol::SocketKind kind,
    std::string_view method,
    std::string_view params,
    const Readable& readable
);

// The uid that serves this socket; our own where that cannot be seen.
uid_t owner_of(const std::filesystem::path& socket);

// Prints one result in the form that was asked for.
Finished finish(const Context& context, std::string_view result, const Readable& readable);

}  // namespace krakken::ctl
