#pragma once

// Questions to the person at the terminal (/dev/tty, whatever standard input and output are).

#include <string>
#include <string_view>

#include "client/secret_text.hpp"

namespace krakken::ctl {

// Whether there is a terminal to ask at.
bool has_terminal();

// A line typed without echo. A signal that ends or stops the program finds the terminal as it was before;
// after a stop it asks again. Throws UsageError when there is no terminal or the input ends.
client::SecretText ask_secret(std::string_view prompt);

// A line typed with echo; not for secrets.
std::string ask(std::string_view prompt);

}  // namespace krakken::ctl
