// app/configuration: every key, good and bad, and its default.

#include "app/configuration.hpp"

#include "protocol/version.hpp"
#include "support/scratch.hpp"

#include <unistd.h>
#include <catch2/catch.hpp>
#include <functional>

namespace {

using namespace krakken;
using app::Configuration;
using app::read_configuration;
using namespace std::chrono_literals;

Configuration good(std::string_view text) {
    const test::Scratch scratch;
    auto configuration = read_configuration(scratch.file("config.toml", text));
    if (!configuration) FAIL(configuration.error());
    return std::move(*configuration);
}

// Everything that a configuration holds, as text, so that two can be compared.
std::string all_of(const Configuration& c) {
    std::string text;
    const auto add = [&text](const auto& value) {
        if constexpr (std::is_convertible_v<decltype(value), std::string>) {
            text += value;
        } else {
            text += std::to_string(value);
        }
        text += '|';
    };
    add(c.profile.region);
    add(c.profile.supports_margin);
    add(c.profile.supports_futures);
    add(c.profile.supports_staking);
    add(c.default_account);
    add(c.base_url);
    add(c.ca_file);
    add(c.connect_timeout.count());
    add(c.request_timeout.count());
    add(c.user_agent);
    add(c.client_group);
    add(c.max_clients);
    add(c.listen ? gate::text_of(*c.listen) : "none");
    add(c.tls);
    add(static_cast<int>(c.kdf));
    add(c.key_file);
    add(c.legacy_dir);
    add(c.rate_model);
    add(c.retry.max_attempts);
    add(c.retry.base_delay.count());
    add(c.retry.max_delay.count());
    add(static_cast<int>(c.placement.tag));
    add(c.placement.deadline.count());
    add(c.placement.shown_after.count());
    add(c.log_level);
    add(c.log_format);
    for (const auto& [name, account] : c.accounts) {
        add(name.text());
        add(account.tier ? std::string(base::name(*account.tier)) : "as saved");
        add(account.nonce_unit ? std::string(base::name(*account.nonce_unit)) : "auto");
    }
    return text;
}

account::AccountOptions& account_of(Configuration& configuration, std::string_view name) {
    return configuration.accounts[base::AccountName::parse(name).value()];
}

// The page of the contract that lists every key, with the defaults where there are any.
const std::string annotated = R"(
region = "US_CA"
[capabilities]
supports_margin = false
supports_futures = false
supports_staking = false
[kraken]
base_url = "https://api.kraken.com"
ca_file = ""
connect_timeout_ms = 5000
request_timeout_ms = 30000
[socket]
client_group = ""
max_clients = 1024
[gateway]
listen = ""
tls = false
[vault]
kdf = "moderate"
key_file = ""
[nonce]
legacy_dir = ""
[rate]
model = "kraken"
[retry]
max_attempts = 4
base_delay_ms = 500
max_delay_ms = 8000
[placement]
tag = "userref"
deadline_s = 10
settle_s = 15
[log]
level = "info"
format = "text"
)";

}  // namespace

TEST_CASE("the documented defaults are the defaults") {
    CHECK(all_of(good(annotated)) == all_of(Configuration{}));
    CHECK(all_of(good("")) == all_of(Configuration{}));
    const std::string with_account = annotated + "[accounts.master]\nnonce_unit = \"auto\"\n";
    Configuration expected;
    account_of(expected, "master") = {};
    CHECK(all_of(good(with_account)) == all_of(expected));
    CHECK(good("").base_url == "https://api.kraken.com");
}

TEST_CASE("every key reaches its place, and only that one") {
    struct Row {
        std::string text;
        std::function<void(Configuration&)> change;
    };
    const std::vector<Row> rows{
        {"region = \"DE\"", [](auto& c) { c.profile.region = "DE"; }},
        {"default_account = \"bob\"", [](auto& c) { c.default_account = "bob"; }},
        {"[capabilities]\nsupports_margin = true", [](auto& c) { c.profile.supports_margin = true; }},
        {"[capabilities]\nsupports_futures = true", [](auto& c) { c.profile.supports_futures = true; }},
        {"capabilities.supports_staking = true", [](auto& c) { c.profile.supports_staking = true; }},
        {"[kraken]\nbase_url = \"https://localhost:8443\"",
         [](auto& c) { c.base_url = "https://localhost:8443"; }},
        {"[kraken]\nca_file = \"/x.pem\"", [](auto& c) { c.ca_file = "/x.pem"; }},
        {"[kraken]\nconnect_timeout_ms = 1", [](auto& c) { c.connect_timeout = 1ms; }},
        {"[kraken]\nrequest_timeout_ms = 600000", [](auto& c) { c.request_timeout = 600s; }},
        {"[kraken]\nuser_agent = \"me/1\"", [](auto& c) { c.user_agent = "me/1"; }},
        {"[socket]\nclient_group = \"bots\"", [](auto& c) { c.client_group = "bots"; }},
        {"[socket]\nmax_clients = 1", [](auto& c) { c.max_clients = 1; }},
        {"[gateway]\nlisten = \"[::1]:8484\"",
         [](auto& c) { c.listen = gate::parse_listen_address("[::1]:8484").value(); }},
        {"[gateway]\ntls = true", [](auto& c) { c.tls = true; }},
        {"[vault]\nkdf = \"interactive\"", [](auto& c) { c.kdf = keeper::KdfCost::interactive; }},
        {"[vault]\nkdf = \"sensitive\"", [](auto& c) { c.kdf = keeper::KdfCost::sensitive; }},
        {"[vault]\nkey_file = \"/k\"", [](auto& c) { c.key_file = "/k"; }},
        {"[nonce]\nlegacy_dir = \"/old\"", [](auto& c) { c.legacy_dir = "/old"; }},
        {"[rate]\nmodel = \"off\"", [](auto& c) { c.rate_model = "off"; }},
        {"[retry]\nmax_attempts = 20", [](auto& c) { c.retry.max_attempts = 20; }},
        {"[retry]\nbase_delay_ms = 7", [](auto& c) { c.retry.base_delay = 7ms; }},
        {"[retry]\nmax_delay_ms = 9", [](auto& c) { c.retry.max_delay = 9ms; }},
        {"[placement]\ntag = \"none\"", [](auto& c) { c.placement.tag = account::TagChoice::none; }},
        {"[placement]\ntag = \"cl_ord_id\"", [](auto& c) { c.placement.tag = account::TagChoice::cl_ord_id; }
        },
        {"[placement]\ndeadline_s = 60", [](auto& c) { c.placement.deadline = 60s; }},
        {"[placement]\nsettle_s = 1", [](auto& c) { c.placement.shown_after = 1s; }},
        {"[log]\nlevel = \"trace\"", [](auto& c) { c.log_level = "trace"; }},
        {"[log]\nformat = \"json\"", [](auto& c) { c.log_format = "json"; }},
        {"[accounts.a-b_1]\ntier = \"pro\"", [](auto& c) { account_of(c, "a-b_1").tier = base::Tier::pro; }},
        {"[accounts.bob]\nnonce_unit = \"10ns\"",
         [](auto& c) { account_of(c, "bob").nonce_unit = base::NonceUnit::ten_nanoseconds; }},
        {"[accounts.bob]", [](auto& c) { account_of(c, "bob") = {}; }},
    };
    for (const auto& [text, change] : rows) {
        CAPTURE(text);
        Configuration expected;
        change(expected);
        CHECK(all_of(good(text)) == all_of(expected));
    }
}

TEST_CASE("a wrong value is refused with its line, its key and what it must be") {
    struct Row {
        std::string text;
        std::string complaint;  // behind the file's name
    };
    const std::string milliseconds = "must be a whole number from 1 to 600000";
    const std::vector<Row> rows{
        {"region = 1", "1: region must be a string"},
        {"\n\ndefault_account = true", "3: default_account must be a string"},
        {"[capabilities]\nsupports_margin = \"yes\"", "2: capabilities.supports_margin must be true or false"
        },
        {"[capabilities]\nsupports_futures = 1", "2: capabilities.supports_futures must be true or false"},
        {"[capabilities]\nsupports_staking = 0", "2: capabilities.supports_staking must be true or false"},
        {"default_account = \"Bad Name\"",
         "1: default_account must be 1 to 64 characters of a-z, 0-9, _ and -"},
        {"[kraken]\nbase_url = \"http://api.kraken.com\"", "2: kraken.base_url must begin with https://"},
        {"[kraken]\nbase_url = \"https://\"", "2: kraken.base_url must name a host"},
        {"[kraken]\nbase_url = \"https://a/\"",
         "2: kraken.base_url must end after host and port, without path or query"},
        {"[kraken]\nbase_url = \"https://a?b\"",
         "2: kraken.base_url must end after host and port, without path or query"},
        {"[kraken]\nbase_url = []", "2: kraken.base_url must be a string"},
        {"[kraken]\nca_file = 1", "2: kraken.ca_file must be a string"},
        {"[kraken]\nconnect_timeout_ms = 0", "2: kraken.connect_timeout_ms " + milliseconds},
        {"[kraken]\nconnect_timeout_ms = 1.0", "2: kraken.connect_timeout_ms " + milliseconds},
        {"[kraken]\nrequest_timeout_ms = 600001", "2: kraken.request_timeout_ms " + milliseconds},
        {"[kraken]\nuser_agent = 1", "2: kraken.user_agent must be a string"},
        {"[socket]\nclient_group = 1", "2: socket.client_group must be a string"},
        {"[socket]\nmax_clients = 0", "2: socket.max_clients must be a whole number from 1 to 100000"},
        {"[socket]\nmax_clients = -1", "2: socket.max_clients must be a whole number from 1 to 100000"},
        {"[gateway]\nlisten = 8484", "2: gateway.listen must be a string"},
        {"[gateway]\nlisten = \"localhost:8484\"",
         "2: gateway.listen must be an address in numbers and a port, as 127.0.0.1:8484 or [::1]:8484"},
        {"[gateway]\nlisten = \"0.0.0.0:8484\"",
         "2: gateway.listen must be this machine's own address, as 127.0.0.1 or [::1]: krakkend never serves "
         "a network"},
        {"[gateway]\ntls = 1", "2: gateway.tls must be true or false"},
        {"[vault]\nkdf = \"fast\"", "2: vault.kdf must be one of: interactive, moderate, sensitive"},
        {"[vault]\nkdf = 3", "2: vault.kdf must be a string"},
        {"[vault]\nkey_file = 1", "2: vault.key_file must be a string"},
        {"[nonce]\nlegacy_dir = 1", "2: nonce.legacy_dir must be a string"},
        {"[rate]\nmodel = \"on\"", "2: rate.model must be one of: kraken, off"},
        {"[placement]\ntag = \"txid\"", "2: placement.tag must be one of: userref, cl_ord_id, none"},
        {"[placement]\ndeadline_s = 1", "2: placement.deadline_s must be a whole number from 2 to 60"},
        {"[placement]\nsettle_s = 601", "2: placement.settle_s must be a whole number from 1 to 600"},
        {"[retry]\nmax_attempts = 21", "2: retry.max_attempts must be a whole number from 1 to 20"},
        {"[retry]\nbase_delay_ms = \"1\"", "2: retry.base_delay_ms " + milliseconds},
        {"[retry]\nmax_delay_ms = 2024-01-01", "2: retry.max_delay_ms " + milliseconds},
        {"[log]\nlevel = \"verbose\"", "2: log.level must be one of: trace, debug, info, warn, error"},
        {"[log]\nformat = \"xml\"", "2: log.format must be one of: text, json"},
        {"[accounts.a]\ntier = \"gold\"", "2: accounts.a.tier must be one of: starter, intermediate, pro"},
        {"[accounts.a]\nnonce_unit = \"ms\"", "2: accounts.a.nonce_unit must be one of: auto, us, 10ns, ns"},
        {"[accounts]\na = 1", "2: accounts.a must be a table"},
        {"[accounts.Bob]", "1: accounts.Bob: an account's name is 1 to 64 characters of a-z, 0-9, _ and -"},
        {"[region]", "1: region must be a string"},
    };
    for (const auto& [text, complaint] : rows) {
        CAPTURE(text);
        const test::Scratch scratch;
        const auto file = scratch.file("config.toml", text);
        const auto configuration = read_configuration(file);
        REQUIRE_FALSE(configuration);
        CHECK(configuration.error() == file.string() + ":" + complaint);
    }
}

TEST_CASE("a passphrase that lies in it is not repeated") {
    // Of digits and without its quotes, as whole number, as hexadecimal one and as a fraction.
    const std::string number =
        GENERATE("27182818284590452353", "0xdeadbeefdeadbeefdeadbeef", "27182818284590452353.5e999");
    const std::string text = GENERATE("passphrase = ", "[vault]\npassphrase = ", "region = ");
    const test::Scratch scratch;
    const auto configuration = read_configuration(scratch.file("config.toml", text + number));
    REQUIRE_FALSE(configuration);
    CAPTURE(configuration.error());
    CHECK(configuration.error().find(number.substr(2, 8)) == std::string::npos);
    CHECK(
        configuration.error().find("config.toml:" + std::string(text.starts_with('[') ? "2:" : "1:")) !=
        std::string::npos
    );
}

TEST_CASE("an unknown key is refused with its line and the nearest known one") {
    struct Row {
        std::string text;
        std::string complaint;
    };
    const auto [text, complaint] = GENERATE(
        as<Row>(),
        Row{"regoin = \"x\"", "1: there is no setting regoin; the nearest is region"},
        Row{"\n[kraken]\nbase_ulr = 1",
            "3: there is no setting kraken.base_ulr; the nearest is kraken.base_url"},
        Row{"[retry]\n\nattempts = 1",
            "3: there is no setting retry.attempts; the nearest is retry.max_attempts"},
        Row{"[log]\nlevl.x = 1", "2: there is no setting log.levl; the nearest is log.level"},
        Row{"[accounts.a]\nteir = 1", "2: there is no setting accounts.a.teir; the nearest is accounts.a.tier"
        }
    );
    CAPTURE(text);
    const test::Scratch scratch;
    const auto file = scratch.file("config.toml", text);
    const auto configuration = read_configuration(file);
    REQUIRE_FALSE(configuration);
    CHECK(configuration.error() == file.string() + ":" + complaint);
}

TEST_CASE("an unknown section is refused with its line") {
    const auto text =
        GENERATE(as<std::string>(), "\n[sokcet]\nclient_group = \"\"", "\nsocket = 3", "\n[[socket]]\n");
    const test::Scratch scratch;
    const auto file = scratch.file("config.toml", text);
    const auto configuration = read_configuration(file);
    REQUIRE_FALSE(configuration);
    CHECK(configuration.error().starts_with(file.string() + ":2: "));
    CHECK(configuration.error().contains("socket"));
}

TEST_CASE("settings for the network room") {
    Configuration configuration;
    CHECK(app::upstream_settings(configuration).user_agent == "krakkend/" + std::string(protocol::version));
    CHECK(app::upstream_settings(configuration).base_url == "https://api.kraken.com");
    configuration.user_agent = "me/1";
    configuration.ca_file = "/x.pem";
    configuration.connect_timeout = 7ms;
    const auto settings = app::upstream_settings(configuration);
    CHECK(settings.user_agent == "me/1");
    CHECK(settings.ca_file == "/x.pem");
    CHECK(settings.connect_timeout == 7ms);
}

TEST_CASE("settings for the account room") {
    const auto bob = base::AccountName::parse("bob").value();
    const auto settings = app::account_settings(
        good("default_account = \"bob\"\n[kraken]\nrequest_timeout_ms = 7\n[retry]\nmax_attempts = 2\n"
             "[rate]\nmodel = \"off\"\n[accounts.bob]\nnonce_unit = \"ns\""),
        {{bob, 42}}
    );
    CHECK(settings.default_account == "bob");
    CHECK(settings.validation_timeout == 7ms);
    CHECK(settings.retry.max_attempts == 2);
    CHECK_FALSE(settings.rate_model);
    CHECK(settings.accounts.at(bob).nonce_unit == base::NonceUnit::nanoseconds);
    CHECK(settings.legacy_nonces.at(bob) == 42);
}

TEST_CASE("what a running daemon cannot follow is named, one by one") {
    struct Row {
        std::string text;
        std::string setting;  // empty: followed at once
    };
    const std::vector<Row> rows{
        {"region = \"DE\"", ""},
        {"default_account = \"bob\"", ""},
        {"[capabilities]\nsupports_margin = true", ""},
        {"[capabilities]\nsupports_futures = true", ""},
        {"[capabilities]\nsupports_staking = true", ""},
        {"[rate]\nmodel = \"off\"", ""},
        {"[retry]\nmax_attempts = 1", ""},
        {"[retry]\nbase_delay_ms = 1", ""},
        {"[retry]\nmax_delay_ms = 1", ""},
        {"[log]\nlevel = \"debug\"", ""},
        {"[log]\nformat = \"json\"", ""},
        {"[accounts.bob]\ntier = \"pro\"", ""},
        {"[kraken]\nbase_url = \"https://localhost\"", "kraken.base_url"},
        {"[kraken]\nca_file = \"/x\"", "kraken.ca_file"},
        {"[kraken]\nconnect_timeout_ms = 1", "kraken.connect_timeout_ms"},
        {"[kraken]\nrequest_timeout_ms = 1", "kraken.request_timeout_ms"},
        {"[kraken]\nuser_agent = \"me\"", "kraken.user_agent"},
        {"[socket]\nclient_group = \"bots\"", "socket.client_group"},
        {"[socket]\nmax_clients = 1", "socket.max_clients"},
        {"[gateway]\nlisten = \"127.0.0.1:8484\"", "gateway.listen"},
        {"[gateway]\ntls = true", "gateway.tls"},
        {"[vault]\nkdf = \"sensitive\"", "vault.kdf"},
        {"[vault]\nkey_file = \"/k\"", "vault.key_file"},
        {"[nonce]\nlegacy_dir = \"/l\"", "nonce.legacy_dir"},
    };
    const Configuration running;
    for (const auto& [text, setting] : rows) {
        CAPTURE(text);
        const auto expected =
            setting.empty() ? std::vector<std::string>{} : std::vector<std::string>{setting};
        CHECK(app::need_restart(running, good(text)) == expected);
        CHECK(app::need_restart(good(text), good(text)).empty());
    }
}

TEST_CASE("the key file of the start: the configuration's, then the service manager's") {
    const test::Scratch scratch;
    const auto environment = [&](const char* name) {
        return std::string_view(name) == "CREDENTIALS_DIRECTORY" ? scratch.path().string() : std::string();
    };
    const auto nothing = [](const char*) { return std::string(); };
    CHECK(app::start_key_file({}, nothing).empty());
    CHECK(app::start_key_file({}, environment).empty());
    const auto handed_over = scratch.file("vault-key", "");
    CHECK(app::start_key_file({}, environment) == handed_over);
    CHECK(app::start_key_file({}, nothing).empty());
    // A file that the configuration names is the one, even if it is missing: the operator must hear of it.
    CHECK(app::start_key_file(good("[vault]\nkey_file = \"/k\""), environment) == "/k");
}

TEST_CASE("the client group must exist and be the daemon's to give") {
    Configuration configuration;
    CHECK(app::client_group(configuration).value() == std::nullopt);
    configuration.client_group = "no-such-group-here";
    const auto refused = app::client_group(configuration);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().contains("groupadd no-such-group-here"));
    CHECK_FALSE(app::try_configuration(configuration));
    configuration.client_group = "root";
    const auto root = app::client_group(configuration);
    if (::geteuid() == 0) {
        CHECK(root.value() == 0);
    } else {
        CHECK(root.error().contains("usermod -aG root"));
    }
}

TEST_CASE("certificates and address are tried beyond their text") {
    Configuration configuration;
    CHECK(app::try_configuration(configuration));
    configuration.ca_file = "/no-such-file.pem";
    const auto refused = app::try_configuration(configuration);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().contains("/no-such-file.pem"));
}
