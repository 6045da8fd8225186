// gateway show and gateway ca.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

#include "commands.hpp"
#include "fields.hpp"
#include "protocol/descriptor.hpp"
#include "protocol/json_text.hpp"
#include "report.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

constexpr const char* to_turn_it_on =
    "set listen = \"127.0.0.1:8484\" under [gateway] in config.toml and restart krakkend";
constexpr const char* to_have_tls = "set tls = true under [gateway] in config.toml and restart krakkend";

std::string readable_gateway(std::string_view result) {
    const Fields gateway(result);
    const std::string url = gateway.text("url");
    if (url.empty()) return wrap(std::string("The gateway is off. To turn it on, ") + to_turn_it_on + ".");
    std::string text = "Clients use " + url + "\n";
    if (gateway.is_true("tls"))
        text += "and must trust " + gateway.text("ca_file") + " (krakkenctl gateway ca)\n";
    return text;
}

// How each kind of client is told of the authority in `file`.
std::string readable_ca(const Fields& gateway, const std::string& file) {
    const std::string url = gateway.text("url");
    return file +
           "\n\n"
           "It signs for this machine's loopback addresses alone. Clients are told of it so:\n"
           "  curl               curl --cacert FILE " +
           url +
           "/livez\n"
           "  Python, requests   REQUESTS_CA_BUNDLE=FILE\n"
           "  Python, ssl        SSL_CERT_FILE=FILE (urllib, aiohttp, httpx)\n"
           "  Node               NODE_EXTRA_CA_CERTS=FILE\n"
           "  C++, OpenSSL       SSL_CERT_FILE=FILE (ccapi)\n"
           "  Go                 SSL_CERT_FILE=FILE (api-go)\n"
           "  Rust, rustls       SSL_CERT_FILE=FILE (Kraken's SDK)\n"
           "  kraken-cli         the same, and KRAKEN_DANGER_ALLOW_ANY_URL_HOST=1\n"
           "                     KRAKEN_SPOT_URL=" +
           url +
           "\n"
           "  whole system       as root, on Debian:\n"
           "                     cp FILE /usr/local/share/ca-certificates/krakkend.crt\n"
           "                     update-ca-certificates\n"
           "With SSL_CERT_FILE a client trusts nothing else. For other users:\n"
           "krakkenctl gateway ca --write FILE\n";
}

std::unexpected<client::Failure> refuse(std::string sentence, std::string remedy = {}) {
    return std::unexpected(
        client::make_failure(client::FailureKind::refused, std::move(sentence), std::move(remedy))
    );
}

std::unexpected<client::Failure> cannot_write(const std::string& path) {
    return refuse("cannot write " + path + ": " + std::generic_category().message(errno));
}

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// Everybody may read it: it is no secret, and it is written for others. A new file takes the place of what is
// there, so that it is not somebody else's, who could write another authority into it.
client::Outcome<void> write_for_all(const std::string& path, std::string_view text) {
    std::string temporary = path + ".XXXXXX";
    const protocol::Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));
    if (!file) return cannot_write(path);
    const bool written = write_all(file.number(), text) && fchmod(file.number(), 0644) == 0 &&
                         rename(temporary.c_str(), path.c_str()) == 0;
    if (written) return {};
    auto failure = cannot_write(path);
    unlink(temporary.c_str());
    return failure;
}

Finished show_ca(const Context& context, const std::string& path) {
    auto daemon = context.connect(SocketKind::client);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto result = daemon->request("gateway.show", "{}");
    if (!result) return std::unexpected(result.error());
    const Fields gateway(*result);
    if (gateway.text("url").empty()) return refuse("the gateway is off", to_turn_it_on);
    if (!gateway.is_true("tls")) return refuse("the gateway speaks plain HTTP, without TLS", to_have_tls);
    std::string file = gateway.text("ca_file");
    if (!path.empty()) {
        const std::string pem = protocol::decode_string(gateway.raw("ca_pem"));
        if (auto written = write_for_all(path, pem); !written)
            return std::unexpected(std::move(written.error()));
        file = printable(path);
    }
    return finish(context, *result, [&](std::string_view) { return readable_ca(gateway, file); });
}

void add_gateway_show(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("show", "Show where the gateway listens");
    command->footer(
        "Example:\n"
        "  krakkenctl gateway show --json"
    );
    command->callback([&context] {
        context.command = [](const Context& with) {
            return ask_and_print(with, SocketKind::client, "gateway.show", "{}", readable_gateway);
        };
    });
}

void add_gateway_ca(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("ca", "Show the certificate that TLS clients must trust");
    command->footer(
        "Prints where it lies and how each kind of client is told of it. Only krakkend's\n"
        "own user may read it there; --write puts a copy where others can.\n"
        "Examples:\n"
        "  krakkenctl gateway ca\n"
        "  krakkenctl gateway ca --write ~/krakkend-ca.pem"
    );
    auto path = std::make_shared<std::string>();
    command->add_option("--write", *path, "Write a copy that everybody may read")->type_name("FILE");
    command->callback([&context, path] {
        context.command = [path](const Context& with) { return show_ca(with, *path); };
    });
}

}  // namespace

void add_gateway(CLI::App& app, Context& context) {
    auto* group = app.add_subcommand("gateway", "Kraken's paths on a loopback address");
    add_gateway_show(*group, context);
    add_gateway_ca(*group, context);
}

}  // namespace krakken::ctl
