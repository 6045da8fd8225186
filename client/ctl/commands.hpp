#pragma once

// The one table of krakkenctl's commands. Each function adds one command with its options and help, and what
// it does when it is chosen.

#include <CLI/CLI.hpp>

#include "context.hpp"

namespace krakken::ctl {

void add_setup(CLI::App& app, Context& context);      // setup_command.cpp
void add_unlock(CLI::App& app, Context& context);     // lock_commands.cpp
void add_lock(CLI::App& app, Context& context);       // lock_commands.cpp
void add_status(CLI::App& app, Context& context);     // status_command.cpp
void add_wait(CLI::App& app, Context& context);       // wait_command.cpp
void add_call(CLI::App& app, Context& context);       // call_command.cpp
void add_intent(CLI::App& app, Context& context);     // intent_commands.cpp
void add_account(CLI::App& app, Context& context);    // account_commands.cpp
void add_bot(CLI::App& app, Context& context);        // bot_commands.cpp
void add_grant(CLI::App& app, Context& context);      // grant_commands.cpp
void add_freeze(CLI::App& app, Context& context);     // freeze_commands.cpp
void add_thaw(CLI::App& app, Context& context);       // freeze_commands.cpp
void add_whoami(CLI::App& app, Context& context);     // whoami_commands.cpp
void add_check(CLI::App& app, Context& context);      // whoami_commands.cpp
void add_vault(CLI::App& app, Context& context);      // vault_commands.cpp
void add_profile(CLI::App& app, Context& context);    // daemon_commands.cpp
void add_endpoints(CLI::App& app, Context& context);  // daemon_commands.cpp
void add_nonce(CLI::App& app, Context& context);      // nonce_commands.cpp
void add_gateway(CLI::App& app, Context& context);    // gateway_commands.cpp
void add_audit(CLI::App& app, Context& context);      // audit_command.cpp
void add_doctor(CLI::App& app, Context& context);     // doctor_command.cpp
void add_version(CLI::App& app, Context& context);    // daemon_commands.cpp

// All of them, with the options that hold for every command.
void add_commands(CLI::App& app, Context& context);

// Runs the command line and returns the exit status; everything it has to say is said.
int run(int argument_count, const char* const* arguments);

}  // namespace krakken::ctl
