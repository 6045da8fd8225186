#include "client/secret_text.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <new>

namespace krakken::client {

namespace {

constexpr std::size_t first_capacity = 512;

std::atomic<bool> all_locked = true;

char* allocate(std::size_t size) {
    if (sodium_init() < 0) throw std::bad_alloc();
    void* data = sodium_malloc(size);
    if (!data) throw std::bad_alloc();
    // sodium_malloc() locks, too, but does not tell when that fails.
    if (sodium_mlock(data, size) != 0) all_locked = false;
    return static_cast<char*>(data);
}

}  // namespace

SecretText::~SecretText() {
    sodium_free(data_);  // wipes
}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
}

bool SecretText::locked_in_memory() {
    return all_locked;
}

std::span<char> SecretText::space(std::size_t count) {
    if (capacity_ - size_ < count) {
        const std::size_t larger = std::max({first_capacity, 2 * capacity_, size_ + count});
        char* const moved = allocate(larger);
        if (size_ > 0) std::memcpy(moved, data_, size_);
        sodium_free(data_);
        data_ = moved;
        capacity_ = larger;
    }
    return {data_ + size_, capacity_ - size_};
}

void SecretText::append(std::string_view text) {
    std::ranges::copy(text, space(text.size()).begin());
    filled(text.size());
}

void SecretText::append_quoted(std::string_view text) {
    static constexpr std::string_view hex = "0123456789abcdef";
    append("\"");
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            const std::array<char, 2> escaped{'\\', c};
            append({escaped.data(), escaped.size()});
        } else if (byte < 0x20) {
            const std::array<char, 6> escaped{'\\', 'u', '0', '0', hex[byte >> 4U], hex[byte & 0xFU]};
            append({escaped.data(), escaped.size()});
        } else {
            append({&c, 1});
        }
    }
    append("\"");
}

void SecretText::drop_front(std::size_t count) {
    if (count == 0) return;
    std::memmove(data_, data_ + count, size_ - count);
    sodium_memzero(data_ + size_ - count, count);
    size_ -= count;
}

SecretText secret_object(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
    SecretText json;
    std::string_view separator = "{";
    for (const auto& [name, text] : members) {
        json.append(separator);
        json.append_quoted(name);
        json.append(":");
        json.append_quoted(text);
        separator = ",";
    }
    json.append("}");
    return json;
}

bool equal(const SecretText& left, const SecretText& right) {
    return left.size() == right.size() &&
           (left.empty() || sodium_memcmp(left.view().data(), right.view().data(), left.size()) == 0);
}

}  // namespace krakken::client
