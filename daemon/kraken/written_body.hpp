#pragma once

// The body of a private call as a client of Kraken's wrote it. It stays as it is, byte for byte, but for the
// digits of the nonce and what is set.

#include "base/types.hpp"
#include "protocol/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace krakken::kraken {

using protocol::Result;

// One parameter of a call.
struct Field {
    std::string name;
    std::string raw;  // JSON, as the client wrote it or as its form says it; never null
};

class WrittenBody {
public:
    // invalid_params: not a body of this form, a field that is there twice or null, an `otp`. nonce: it is no
    // number below 2^64. A nonce is added where there is none.
    static Result<WrittenBody> read(std::string bytes, base::BodyForm form);

    // All but the nonce, in the client's order.
    std::vector<Field> fields() const;
    // The nonce that the client gave; empty: none.
    const std::string& client_nonce() const { return client_nonce_; }

    // Adds a field behind the others, or gives the one of that name another value.
    void set(std::string_view name, std::string_view raw);

    std::string with_nonce(base::Nonce nonce) const;

private:
    struct Span {
        std::size_t begin = 0;
        std::size_t size = 0;
    };
    struct Member {
        Field field;
        Span value;
    };

    WrittenBody(std::string bytes, base::BodyForm form) : bytes_(std::move(bytes)), form_(form) {}

    Result<void> read_form();
    Result<void> read_json();
    Result<void> add(std::string name, std::string raw, Span value);
    Result<void> take_nonce(Span digits);
    void add_nonce();
    std::vector<Member>::iterator find(std::string_view name);
    void replace(Span span, std::string_view text);

    std::string bytes_;
    base::BodyForm form_;
    std::vector<Member> members_;
    Span nonce_;  // its digits
    std::string client_nonce_;
};

}  // namespace krakken::kraken
