#include "tests/exchange/front/journal.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tests/exchange/admission/signature.hpp"

namespace exchange::front {

namespace {

std::size_t weight(const JournalEntry& entry) {
    std::size_t bytes = sizeof entry + entry.target.size() + entry.body.size();
    for (const auto& [name, value] : entry.headers)
        bytes += name.size() + value.size() + 64;
    return bytes;
}

// Boost.JSON writes a text as it is but checks UTF-8 when it reads: what it cannot read back cannot be shown
// as text.
bool is_utf8(const std::string& text) {
    boost::json::error_code error;
    boost::json::parse(boost::json::serialize(boost::json::string(text)), error);
    return !error;
}

// Bytes that are no text are shown in base64 under another name, so that the reply stays valid JSON.
void put_text(boost::json::object& object, const std::string& name, const std::string& text) {
    if (is_utf8(text)) {
        object[name] = text;
    } else {
        object[name + "_base64"] = encode_base64(text);
    }
}

}  // namespace

boost::json::object JournalEntry::to_json() const {
    boost::json::object object;
    object["id"] = id;
    object["time_ns"] = time.time_since_epoch().count();
    object["connection"] = connection;
    object["address"] = address;
    object["tls_version"] = tls_version;
    object["sni"] = server_name;
    object["method"] = method;
    put_text(object, "target", target);
    boost::json::array list;
    for (const auto& [name, value] : headers) {
        boost::json::object header;
        header["name"] = name;
        put_text(header, "value", value);
        list.push_back(std::move(header));
    }
    object["headers"] = std::move(list);
    put_text(object, "body", body);
    put_text(object, "endpoint", endpoint);
    object["account"] = account;
    object["key"] = key_name;
    object["nonce"] = nullptr;
    if (nonce) put_text(object, "nonce", *nonce);
    object["nonce_used"] = nonce_used;
    boost::json::array texts;
    for (const std::string& error : errors)
        texts.emplace_back(error);
    object["errors"] = std::move(texts);
    object["refused_by"] = refused_by;
    put_text(object, "detail", detail);
    object["executed"] = executed;
    object["fault"] = fault;
    object["duplicate_of"] = duplicate_of;
    return object;
}

std::uint64_t Journal::add(JournalEntry entry) {
    entry.id = ++last_id_;
    bytes_ += weight(entry);
    entries_.push_back(std::move(entry));
    while (entries_.size() > entries_limit_ || bytes_ > bytes_limit) {
        bytes_ -= weight(entries_.front());
        entries_.pop_front();
    }
    return last_id_;
}

void Journal::clear() {
    entries_.clear();
    bytes_ = 0;
}

}  // namespace exchange::front
