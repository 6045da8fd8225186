// Where libFuzzer enters; KRAKKEN_FUZZ_TARGET names the function of this program.

#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    krakken::fuzz::KRAKKEN_FUZZ_TARGET({data, size});
    return 0;
}
