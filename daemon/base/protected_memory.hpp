#pragma once

// Memory for secrets: between guard pages, locked against swapping, left out of core images, unreadable
// except while it is being used, wiped when it goes. Each object costs one locked page or more (and three
// unlocked ones), so many small secrets belong into one object. An object is used by one thread at a time.

#include <cstddef>
#include <functional>
#include <memory_resource>
#include <span>
#include <string>
#include <utility>

namespace krakken::base {

// Whether every piece of protected memory that was ever asked for is locked. libsodium goes on silently when
// the kernel refuses (RLIMIT_MEMLOCK), so it is checked here and shown in `status`.
bool memory_lock_ok();

// Wipes and empties text that had to be in ordinary memory, such as a request that names an API key.
void wipe(std::string& text);

class SecretBytes {
public:
    SecretBytes() = default;                 // holds nothing
    explicit SecretBytes(std::size_t size);  // zeros; throws std::bad_alloc
    static SecretBytes copy_of(std::span<const unsigned char> bytes);

    ~SecretBytes();
    SecretBytes(SecretBytes&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    SecretBytes& operator=(SecretBytes&& other) noexcept;
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;

    std::size_t size() const { return size_; }

    // Calls function(std::span<const unsigned char>) while the bytes can be read. Keep no copy of the span,
    // and never co_await inside.
    template <class Function>
    decltype(auto) use(Function&& function) const {
        const Opened opened(*this, Access::read);
        return std::invoke(std::forward<Function>(function), std::span<const unsigned char>(data_, size_));
    }

    // Calls function(std::span<unsigned char>) while the bytes can be read and written.
    template <class Function>
    decltype(auto) fill(Function&& function) {
        const Opened opened(*this, Access::write);
        return std::invoke(std::forward<Function>(function), std::span<unsigned char>(data_, size_));
    }

private:
    enum class Access { read, write };

    class Opened {
    public:
        Opened(const SecretBytes& bytes, Access access);
        ~Opened();
        Opened(const Opened&) = delete;
        Opened& operator=(const Opened&) = delete;

    private:
        const SecretBytes& bytes_;
    };

    unsigned char* data_ = nullptr;
    std::size_t size_ = 0;
    mutable int uses_ = 0;  // nested uses of one object close it only at the outermost end
};

// A memory resource of a fixed size inside protected memory, for parsing text that carries secrets. It stays
// readable for its whole life; what is given back to it, and all of it at its end, is wiped. Throws
// std::bad_alloc when it is full: nothing ever spills to the ordinary heap.
class WipedArena final : public std::pmr::memory_resource {
public:
    explicit WipedArena(std::size_t capacity);
    ~WipedArena() override;
    WipedArena(const WipedArena&) = delete;
    WipedArena& operator=(const WipedArena&) = delete;

    // Wipes and forgets everything that was allocated; the objects in it must be gone.
    void release();

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override;
    void do_deallocate(void* pointer, std::size_t bytes, std::size_t alignment) override;
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }

    std::size_t capacity_;
    unsigned char* data_;
    std::size_t used_ = 0;
};

}  // namespace krakken::base
