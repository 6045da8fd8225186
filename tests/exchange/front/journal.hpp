#pragma once

// Every request the exchange saw, in order: what tests ask to know what really happened. A ring, bounded in
// entries and bytes.

#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "tests/exchange/call.hpp"
#include "tests/exchange/front/http.hpp"

namespace exchange::front {

struct JournalEntry {
    std::uint64_t id = 0;
    Time time;
    std::uint64_t connection = 0;
    std::string address;
    std::string tls_version;
    std::string server_name;  // SNI

    std::string method;
    std::string target;
    Headers headers;
    std::string body;

    std::string endpoint;
    std::string account;
    std::string key_name;
    std::optional<std::string> nonce;
    bool nonce_used = false;
    std::vector<std::string> errors;
    std::string refused_by;  // the check that refused, empty = admitted
    std::string detail;
    bool executed = false;  // the call was carried out without an error
    std::string fault;      // the kind that met it
    std::uint64_t duplicate_of = 0;

    boost::json::object to_json() const;
};

class Journal {
public:
    explicit Journal(std::size_t entries = 100000) : entries_limit_(entries) {}

    std::uint64_t add(JournalEntry entry);  // gives it the next id, from 1
    void clear();

    const std::deque<JournalEntry>& entries() const { return entries_; }
    std::uint64_t last_id() const { return last_id_; }

private:
    static constexpr std::size_t bytes_limit = 128 * 1024 * 1024;

    std::size_t entries_limit_;
    std::size_t bytes_ = 0;
    std::uint64_t last_id_ = 0;
    std::deque<JournalEntry> entries_;
};

}  // namespace exchange::front
