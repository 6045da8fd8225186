#pragma once

// Text that is secret (a passphrase, an API secret, JSON that carries one): in memory that is locked against
// swapping, left out of core images and wiped when it goes, growth included. Where the system locks no more
// memory it works all the same, and locked_in_memory() says so. One thread at a time.

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace krakken::client {

class SecretText {
public:
    SecretText() = default;
    ~SecretText();
    SecretText(SecretText&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    SecretText& operator=(SecretText&& other) noexcept;
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;

    // Throws std::bad_alloc.
    void append(std::string_view text);
    // As a JSON string with its quotes.
    void append_quoted(std::string_view text);

    // At least `count` writable bytes behind the text, to be read into; filled() makes them text.
    std::span<char> space(std::size_t count);
    void filled(std::size_t count) { size_ += count; }

    // Drops `count` characters from the front; what they were is wiped.
    void drop_front(std::size_t count);

    // Whether all memory that this process took for secrets was locked. Any thread.
    static bool locked_in_memory();

    // Valid until the next change. Keep no copy of it.
    std::string_view view() const { return {data_, size_}; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

private:
    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

// {"name": "text", ...} with every text quoted.
SecretText secret_object(std::initializer_list<std::pair<std::string_view, std::string_view>> members);

// In time that does not depend on where they differ.
bool equal(const SecretText& left, const SecretText& right);

}  // namespace krakken::client
