#pragma once

// Calls something many times and says how long each took and what processor time it cost this process.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace krakken::bench {

[[noreturn]] inline void give_up(const std::string& why) {
    std::fprintf(stderr, "krakken-bench: %s\n", why.c_str());
    std::exit(1);
}

class Measurement {
public:
    explicit Measurement(std::size_t calls) { took_.reserve(calls); }

    void begin() { begun_ = Clock::now(); }
    void end() { took_.push_back(Clock::now() - begun_); }

    // One line of JSON: microseconds.
    void print() {
        const double processor = (processor_time() - processor_before_) / static_cast<double>(took_.size());
        std::ranges::sort(took_);
        std::printf(
            "{\"p50_us\":%.3f,\"p99_us\":%.3f,\"cpu_us\":%.3f}\n", share(0.5), share(0.99), processor
        );
    }

private:
    using Clock = std::chrono::steady_clock;

    static double processor_time() {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        const auto microseconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
        };
        return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    }

    double share(double of) const {
        const auto place = static_cast<std::size_t>(of * static_cast<double>(took_.size() - 1));
        return std::chrono::duration<double, std::micro>(took_[place]).count();
    }

    std::vector<Clock::duration> took_;
    Clock::time_point begun_;
    double processor_before_ = processor_time();
};

}  // namespace krakken::bench
