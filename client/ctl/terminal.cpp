#include "terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include "arguments.hpp"

namespace krakken::ctl {

namespace {

constexpr std::array caught_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

volatile std::sig_atomic_t arrived = 0;

extern "C" void note_signal(int number) {
    arrived = number;
}

// Signals interrupt the reading instead of ending the program while this lives. Those that come from outside
// are let in only while wait_for_line() waits: one between a look at `arrived` and the wait would be slept
// over.
class SignalsNoted {
public:
    SignalsNoted() {
        arrived = 0;
        sigset_t outside{};
        sigemptyset(&outside);
        for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP})
            sigaddset(&outside, number);
        sigprocmask(SIG_BLOCK, &outside, &open_mask_);
        struct sigaction action{};
        action.sa_handler = note_signal;  // without SA_RESTART: read() is to return
        for (std::size_t i = 0; i < caught_signals.size(); ++i)
            sigaction(caught_signals.at(i), &action, &before_.at(i));
    }
    ~SignalsNoted() {
        for (std::size_t i = 0; i < caught_signals.size(); ++i)
            sigaction(caught_signals.at(i), &before_.at(i), nullptr);
        sigprocmask(SIG_SETMASK, &open_mask_, nullptr);
    }
    // False: a signal arrived.
    bool wait_for_line(int terminal) const {
        pollfd waiting{terminal, POLLIN, 0};
        return ppoll(&waiting, 1, nullptr, &open_mask_) > 0 && arrived == 0;
    }
    SignalsNoted(const SignalsNoted&) = delete;
    SignalsNoted& operator=(const SignalsNoted&) = delete;

private:
    std::array<struct sigaction, caught_signals.size()> before_{};
    sigset_t open_mask_{};
};

class EchoOff {
public:
    explicit EchoOff(int terminal) : terminal_(terminal) {
        if (tcgetattr(terminal_, &before_) != 0) throw UsageError("the terminal cannot be read without echo");
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        // TCSAFLUSH also drops what was typed, with echo, before it was asked for.
        if (tcsetattr(terminal_, TCSAFLUSH, &quiet) != 0 && arrived == 0)
            throw UsageError("the terminal's echo cannot be turned off");
    }
    ~EchoOff() { tcsetattr(terminal_, TCSAFLUSH, &before_); }
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;

private:
    int terminal_;
    termios before_{};
};

class Terminal {
public:
    Terminal() : descriptor_(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}
    ~Terminal() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    bool is_open() const { return descriptor_ >= 0; }
    int descriptor() const {
        if (!is_open())
            throw UsageError("there is no terminal to ask at; give secrets with --stdin or --passphrase-file"
            );
        return descriptor_;
    }
    void show(std::string_view text) const {
        // A prompt that cannot be shown is no reason not to read.
        [[maybe_unused]] const ssize_t written = write(descriptor(), text.data(), text.size());
    }

private:
    int descriptor_;
};

[[noreturn]] void input_ended(const Terminal& terminal) {
    terminal.show("\n");  // what follows does not belong to the prompt
    throw UsageError("the input ended before it was complete");
}

// A whole line without its end; none: a signal arrived.
std::optional<client::SecretText> read_line(const Terminal& terminal, const SignalsNoted& signals) {
    client::SecretText line;
    while (arrived == 0 && signals.wait_for_line(terminal.descriptor())) {
        // A terminal hands out one line at a time.
        std::span<char> space = line.space(256);
        const ssize_t got = read(terminal.descriptor(), space.data(), space.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) input_ended(terminal);
        line.filled(static_cast<std::size_t>(got));
        if (!line.view().ends_with('\n')) continue;
        client::SecretText text;
        text.append(line.view().substr(0, line.size() - 1));
        return text;
    }
    return std::nullopt;
}

}  // namespace

bool has_terminal() {
    return Terminal().is_open();
}

client::SecretText ask_secret(std::string_view prompt) {
    const Terminal terminal;
    for (;;) {
        std::optional<client::SecretText> line;
        {
            const SignalsNoted signals;
            const EchoOff quiet(terminal.descriptor());
            terminal.show(prompt);
            line = read_line(terminal, signals);
        }
        terminal.show("\n");
        if (line) return std::move(*line);
        // The terminal is as it was: now the signal has its usual effect. If that was a stop, ask again.
        const int signal = arrived;
        raise(signal);
    }
}

std::string ask(std::string_view prompt) {
    const Terminal terminal;
    terminal.show(prompt);
    std::string line;
    for (std::array<char, 256> piece{}; !line.ends_with('\n');) {
        const ssize_t got = read(terminal.descriptor(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) input_ended(terminal);
        line.append(piece.data(), static_cast<std::size_t>(got));
    }
    line.pop_back();
    return line;
}

}  // namespace krakken::ctl
