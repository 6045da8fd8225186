#include "base/protected_memory.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstdlib>
#include <new>
#include <ostream>
#include <stdexcept>
#include <type_traits>

namespace krakken::base {

namespace {

template <class T>
concept Streamable = requires(std::ostream& stream, const T& value) { stream << value; };

static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
static_assert(!fmt::is_formattable<SecretBytes>::value && !Streamable<SecretBytes>);

std::atomic<bool> every_lock_held{true};

unsigned char* allocate_protected(std::size_t size) {
    static const int started = sodium_init();
    if (started < 0) throw std::runtime_error("libsodium cannot start");
    size = std::max<std::size_t>(size, 1);  // a block of no bytes would lie in the guard page itself
    auto* data = static_cast<unsigned char*>(sodium_malloc(size));
    if (data == nullptr) throw std::bad_alloc();
    if (sodium_mlock(data, size) != 0) every_lock_held = false;
    sodium_memzero(data, size);
    return data;
}

}  // namespace

bool memory_lock_ok() {
#ifdef KRAKKEN_SANITIZED
    return false;  // the sanitizers make mlock do nothing, and say it worked
#else
    return every_lock_held;
#endif
}

void wipe(std::string& text) {
    sodium_memzero(text.data(), text.size());
    text.clear();
}

SecretBytes::SecretBytes(std::size_t size) : data_(allocate_protected(size)), size_(size) {
    sodium_mprotect_noaccess(data_);
}

SecretBytes SecretBytes::copy_of(std::span<const unsigned char> bytes) {
    SecretBytes copy(bytes.size());
    copy.fill([&](std::span<unsigned char> target) { std::ranges::copy(bytes, target.begin()); });
    return copy;
}

SecretBytes::~SecretBytes() {
    sodium_free(data_);  // wipes; accepts null
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
    if (this == &other) return *this;
    sodium_free(data_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
}

SecretBytes::Opened::Opened(const SecretBytes& bytes, Access access) : bytes_(bytes) {
    if (bytes_.data_ == nullptr) return;
    // Writing is opened from rest only: a nested fill would take the right to write away from its outer use.
    if (bytes_.uses_ > 0 && access == Access::write)
        throw std::logic_error("a secret in use cannot be written");
    const auto open = access == Access::read ? sodium_mprotect_readonly : sodium_mprotect_readwrite;
    if (bytes_.uses_ == 0 && open(bytes_.data_) != 0)
        throw std::bad_alloc();  // the kernel lacks memory for it
    ++bytes_.uses_;
}

SecretBytes::Opened::~Opened() {
    if (bytes_.data_ == nullptr || --bytes_.uses_ > 0) return;
    // Going on with a secret left open would break the promise of this file in silence.
    if (sodium_mprotect_noaccess(bytes_.data_) != 0) std::abort();
}

namespace {
// sodium_malloc places a block at the end of its last page: whole multiples of this keep its start aligned.
std::size_t rounded(std::size_t size) {
    constexpr std::size_t unit = 4096;
    return (size + unit - 1) / unit * unit;
}
}  // namespace

WipedArena::WipedArena(std::size_t capacity)
    : capacity_(rounded(capacity)), data_(allocate_protected(capacity_)) {}

WipedArena::~WipedArena() {
    sodium_free(data_);
}

void WipedArena::release() {
    sodium_memzero(data_, used_);
    used_ = 0;
}

void* WipedArena::do_allocate(std::size_t bytes, std::size_t alignment) {
    void* place = data_ + used_;
    std::size_t space = capacity_ - used_;
    if (std::align(alignment, bytes, place, space) == nullptr) throw std::bad_alloc();
    used_ = capacity_ - space + bytes;
    return place;
}

void WipedArena::do_deallocate(void* pointer, std::size_t bytes, std::size_t) {
    sodium_memzero(pointer, bytes);
}

}  // namespace krakken::base
