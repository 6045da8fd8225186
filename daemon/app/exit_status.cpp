#include "app/exit_status.hpp"

#include <cstdio>

namespace krakken::app {

int status_of(const protocol::Error& error) {
    return error.code == protocol::ErrorCode::storage ? exit_storage : exit_configuration;
}

int fail(int status, const std::string& sentence) {
    std::fprintf(stderr, "krakkend: %s\n", sentence.c_str());
    return status;
}

int fail(int status, const protocol::Error& error) {
    return fail(status, error.remedy.empty() ? error.message : error.message + "\nRemedy: " + error.remedy);
}

}  // namespace krakken::app
