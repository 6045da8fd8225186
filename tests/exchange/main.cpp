// krakken-exchange: a simulated Kraken for spot trading. This file reads the command line, wires the parts
// and runs them; README.md is the manual.

#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/exchange/front/certificate.hpp"
#include "tests/exchange/front/config.hpp"
#include "tests/exchange/front/control.hpp"
#include "tests/exchange/front/control_server.hpp"
#include "tests/exchange/front/exchange.hpp"
#include "tests/exchange/front/https_server.hpp"

namespace {

using namespace exchange::front;
using tcp = boost::asio::ip::tcp;
namespace fs = std::filesystem;

struct Options {
    std::string config;
    std::string listen = "127.0.0.1:0";
    std::string control = "127.0.0.1:0";
    std::string tls_dir;
    std::string ready_file;
    std::string init;
};

// "127.0.0.1:0" or "[::1]:0"; addresses only, so that no name server decides where it listens.
tcp::endpoint parse_endpoint(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) throw std::runtime_error("not ADDRESS:PORT: " + text);
    std::string address = text.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    unsigned short port = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, port);
    if (read.ec != std::errc{} || read.ptr != end) throw std::runtime_error("not a port: " + text);
    return {boost::asio::ip::make_address(address), port};
}

std::string url(const std::string& scheme, const tcp::endpoint& where) {
    std::ostringstream text;
    text << scheme << "://" << where;
    return text.str();
}

int write_example(const fs::path& folder) {
    fs::create_directories(folder);
    const fs::path path = folder / "exchange.toml";
    if (fs::exists(path)) throw std::runtime_error(path.string() + " is there already");
    ::umask(0077);  // it holds secrets
    std::ofstream file(path);
    file << example_config();
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
    std::cout << path.string() << '\n';
    return 0;
}

Config read_config(const std::string& path) {
    std::string text;
    if (path.empty()) {
        text =
            example_config();  // usable for public calls, and keys can be added through the control interface
    } else {
        std::ifstream file(path);
        if (!file) throw std::runtime_error("cannot read " + path);
        text.assign(std::istreambuf_iterator<char>(file), {});
    }
    auto config = parse_config(text);
    if (!config) throw std::runtime_error(path + ": " + config.error());
    return std::move(*config);
}

// A folder of its own under the system's temporary one, gone at the end.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (fs::temp_directory_path() / "krakken-exchange-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
        path_ = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

void announce(const std::string& line, const std::string& ready_file) {
    std::cout << line << std::endl;
    if (ready_file.empty()) return;
    const fs::path partial = ready_file + ".partial";
    std::ofstream(partial) << line << '\n';
    fs::rename(partial, ready_file);
}

int run(const Options& options) {
    std::optional<TemporaryFolder> temporary;
    if (options.tls_dir.empty()) temporary.emplace();
    const TlsFiles tls = open_tls_folder(temporary ? temporary->path() : fs::path(options.tls_dir));

    boost::asio::io_context context{1};
    Exchange exchange(read_config(options.config));
    HttpsServer server(context, exchange, tls, parse_endpoint(options.listen));
    Control control(exchange, server.hooks());
    ControlServer control_server(context, control, parse_endpoint(options.control));

    boost::asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](boost::system::error_code, int) {
        server.stop();
        control_server.stop();
    });
    const boost::json::object ready{
        {"base_url", url("https", server.where())},
        {"control_url", url("http", control_server.where())},
        {"ca_file", tls.ca_file.string()},
        {"pid", ::getpid()},
    };
    announce(boost::json::serialize(ready), options.ready_file);
    context.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    Options options;
    CLI::App app("A simulated Kraken for spot trading, with faults on demand.", "krakken-exchange");
    app.add_option("--config", options.config, "Accounts, keys, switches (exchange.toml)")->type_name("FILE");
    app.add_option("--listen", options.listen, "The API, over TLS [127.0.0.1:0]")->type_name("ADDRESS:PORT");
    app.add_option("--control", options.control, "Control, without TLS [127.0.0.1:0]")
        ->type_name("ADDRESS:PORT");
    app.add_option("--tls-dir", options.tls_dir, "ca.pem and certificate; made if none")->type_name("DIR");
    app.add_option("--ready-file", options.ready_file, "Written when it is ready")->type_name("FILE");
    app.add_option("--init", options.init, "Write an example exchange.toml there and exit")->type_name("DIR");
    CLI11_PARSE(app, argc, argv);
    try {
        return options.init.empty() ? run(options) : write_example(options.init);
    } catch (const std::exception& error) {
        std::cerr << "krakken-exchange: " << error.what() << '\n';
        return 1;
    }
}
