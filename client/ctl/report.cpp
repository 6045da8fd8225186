#include "report.hpp"

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>

#include "table.hpp"

namespace krakken::ctl {

namespace {

std::string_view what_was_done(protocol::Executed executed) {
    switch (executed) {
        case protocol::Executed::no:
            return "Nothing was executed.";
        case protocol::Executed::yes:
            return "It was executed.";
        case protocol::Executed::unknown:
            return "It is NOT known whether it was executed: do not repeat it, look it up.";
    }
    std::unreachable();
}

bool write(std::FILE* file, std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
}

}  // namespace

std::string explain(const client::Failure& failure) {
    std::string text = wrap("krakkenctl: " + printable(failure.message), 2);
    for (const auto& error : failure.kraken)
        text += "  Kraken said: " + printable(error) + "\n";
    text += "  ";
    text += what_was_done(failure.executed);
    if (failure.retryable) {
        text += failure.retry_after ? " Try again in " + std::to_string(failure.retry_after->count()) + " ms."
                                    : " Try again later.";
    }
    text += "\n";
    if (!failure.remedy.empty()) text += wrap("  What to do: " + printable(failure.remedy), 4);
    return text;
}

void print_json(std::string_view json) {
    print(std::string(json) + "\n");
}

void print(std::string_view text) {
    if (write(stdout, text)) return;
    throw std::runtime_error(
        "krakkend has answered, but standard output cannot be written (" +
        std::generic_category().message(errno) + "); do not repeat an order before you have looked it up"
    );
}

void print_error(std::string_view text) {
    write(stderr, text);  // if even that fails there is nobody to tell
}

}  // namespace krakken::ctl
