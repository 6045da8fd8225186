// The files of krakenex, kraken-cli and freqtrade, as these programs read them: krakenex 2.2.2
// (Api.load_key), kraken-cli 0.3.2 (config.rs, AuthConfig), freqtrade (load_config.py, and exchange.py for
// its members' names).

#include "foreign_keys.hpp"

#include <sodium.h>
#include <toml++/toml.h>

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>
#include <new>
#include <utility>

#include "arguments.hpp"
#include "protocol/json_text.hpp"

namespace krakken::ctl {

namespace {

namespace json = boost::json;

constexpr std::string_view only_account = "master";

std::string_view take_line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return trimmed(line);
}

[[noreturn]] void no_text(const std::string& name) {
    throw UsageError(name + " is not a text");
}

// What a JSON value takes while it lives: locked, and wiped when it is given back.
class LockedMemory final : public json::memory_resource {
    void* do_allocate(std::size_t size, std::size_t) override {
        // A piece ends where its page ends, so it begins aligned when its size is a multiple of that.
        constexpr std::size_t alignment = 64;
        if (sodium_init() < 0) throw std::bad_alloc();
        void* data = sodium_malloc((size + alignment - 1) / alignment * alignment);
        if (!data) throw std::bad_alloc();
        return data;
    }
    void do_deallocate(void* data, std::size_t, std::size_t) override { sodium_free(data); }
    bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }
};

constexpr std::size_t first_block = std::size_t{64} << 10U;

json::value parse_json(std::string_view text, const json::storage_ptr& memory) {
    json::parse_options options;
    options.allow_comments = true;
    options.allow_trailing_commas = true;
    // Also what it builds on the way is in that memory.
    json::parser parser(memory, options);
    parser.reset(memory);
    boost::system::error_code failed;
    const std::size_t read = parser.write(text.data(), text.size(), failed);
    if (failed) {
        const auto line = 1 + std::ranges::count(text.substr(0, read), '\n');
        throw UsageError("it is not JSON as freqtrade reads it: line " + std::to_string(line));
    }
    return parser.release();
}

// A member's text; of no length when it is missing or null.
std::string_view text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (!value || value->is_null()) return {};
    if (!value->is_string()) no_text("exchange." + std::string(name));
    return value->get_string();
}

// The first of these members that is there.
std::string_view first_name(const json::object& object, std::initializer_list<std::string_view> names) {
    const auto* found =
        std::ranges::find_if(names, [&](std::string_view name) { return object.contains(name); });
    return found == names.end() ? *(names.end() - 1) : *found;
}

std::string lower(std::string_view text) {
    std::string low(text);
    std::ranges::transform(low, low.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return low;
}

std::string_view text_of(const toml::table& table, std::string_view name) {
    const toml::node* node = table.get(name);
    if (!node) return {};
    if (!node->is_string()) no_text("auth." + std::string(name));
    return node->as_string()->get();
}

toml::table parse_toml(std::string_view text) {
    try {
        return toml::parse(text);
    } catch (const toml::parse_error& error) {
        // Not what the parser says of it, which may repeat a key.
        throw UsageError("it is not TOML: line " + std::to_string(error.source().begin.line));
    }
}

// One pair for account master; the names are what messages call the two.
ForeignKeys only_pair(
    std::string_view key_name,
    std::string_view api_key,
    std::string_view secret_name,
    std::string_view api_secret
) {
    const std::string_view key = trimmed(api_key);
    const std::string_view secret = trimmed(api_secret);
    if (key.empty()) throw UsageError(std::string(key_name) + " is missing or blank");
    if (secret.empty()) throw UsageError(std::string(secret_name) + " is missing or blank");
    ForeignKeys found;
    ForeignKey& pair = found.pairs.emplace_back();
    pair.account = only_account;
    pair.api_key.append(key);
    pair.api_secret.append(secret);
    return found;
}

ForeignKeys read_krakenex(std::string_view text) {
    const std::string_view key = take_line(text);
    const std::string_view secret = take_line(text);
    return only_pair("the API key, its first line,", key, "the API secret, its second line,", secret);
}

ForeignKeys read_kraken_cli(std::string_view text) {
    const toml::table root = parse_toml(text);
    const toml::node* auth = root.get("auth");
    if (!auth || !auth->is_table()) throw UsageError("it has no table [auth]");
    const toml::table& table = *auth->as_table();
    ForeignKeys found =
        only_pair("auth.api_key", text_of(table, "api_key"), "auth.api_secret", text_of(table, "api_secret"));
    const bool has_futures = !trimmed(text_of(table, "futures_api_key")).empty() ||
                             !trimmed(text_of(table, "futures_api_secret")).empty();
    if (has_futures)
        found.left_out.emplace_back("auth.futures_api_key is left out: krakkend does not serve futures");
    return found;
}

ForeignKeys read_freqtrade(std::string_view text) {
    LockedMemory locked;
    json::monotonic_resource memory(first_block, &locked);
    const json::value root = parse_json(text, &memory);
    const json::value* exchange = root.is_object() ? root.get_object().if_contains("exchange") : nullptr;
    if (!exchange || !exchange->is_object()) throw UsageError("it has no object \"exchange\"");
    const json::object& members = exchange->get_object();
    const std::string_view name = text_of(members, "name");
    if (!name.empty() && lower(name) != "kraken") throw UsageError("exchange.name is not kraken");
    const std::string_view key = first_name(members, {"api_key", "apiKey", "key"});
    return only_pair(
        "exchange." + std::string(key), text_of(members, key), "exchange.secret", text_of(members, "secret")
    );
}

}  // namespace

ForeignKeys read_keys(KeyFile kind, std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (!protocol::is_utf8(text)) throw UsageError("it is not UTF-8 text");
    switch (kind) {
        case KeyFile::dotenv:
            return read_dotenv(text);
        case KeyFile::krakenex:
            return read_krakenex(text);
        case KeyFile::kraken_cli:
            return read_kraken_cli(text);
        case KeyFile::freqtrade:
            return read_freqtrade(text);
    }
    std::unreachable();
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view white_space = " \t\n\r\v\f";
    const std::size_t first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

}  // namespace krakken::ctl
