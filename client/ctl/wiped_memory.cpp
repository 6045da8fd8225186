// krakkenctl's heap: what is given back is wiped. Secrets belong into SecretText; this is for the copies that
// libraries make of them on their way there (toml++ keeps strings that it grows and drops). Memory of other
// kinds (of C libraries, or with an alignment of its own) is as usual.

#include <sodium.h>

#include <cstdlib>
#include <new>

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

// The sanitizers bring an allocator that finds faults. Where the system does not tell how long a piece is, it
// cannot be wiped here: pieces stay until the process ends.
#if defined(__GLIBC__) && !defined(KRAKKEN_SANITIZED)

void* operator new(std::size_t size) {
    if (void* data = std::malloc(size > 0 ? size : 1)) return data;
    throw std::bad_alloc();
}

void operator delete(void* data) noexcept {
    if (data) sodium_memzero(data, malloc_usable_size(data));
    std::free(data);
}

void operator delete(void* data, std::size_t) noexcept {
    operator delete(data);
}

#endif
