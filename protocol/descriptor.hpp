#pragma once

// An owned file descriptor, closed with its owner.

#include <unistd.h>

#include <utility>

namespace krakken::protocol {

class Descriptor {
public:
    Descriptor() = default;
    // Takes over what open() and the like return: a negative number is none.
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }

    int number() const { return number_; }
    // Gives the descriptor to somebody else, who closes it.
    int release() { return std::exchange(number_, -1); }
    explicit operator bool() const { return number_ >= 0; }

private:
    int number_ = -1;
};

}  // namespace krakken::protocol
