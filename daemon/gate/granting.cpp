#include "granting.hpp"

#include <utility>

namespace krakken::gate {

using keeper::SecretText;

std::optional<SecretText> passphrase_of(const Arguments& arguments) {
    if (!arguments.has("passphrase")) return std::nullopt;
    return arguments.secret("passphrase");
}

awaitable<Result<void>> verify_passphrase(Backend& backend, std::optional<SecretText> passphrase) {
    if (!backend.keeper.vault_is_open())
        co_return std::unexpected(protocol::locked_error(backend.keeper.vault_exists()));
    if (!passphrase) {
        co_return std::unexpected(protocol::make_error(
                                      protocol::ErrorCode::invalid_params,
                                      "this would allow more than before, so the passphrase is needed"
        )
                                      .with("reason", "passphrase")
                                      .with_remedy("repeat it with the vault's passphrase"));
    }
    auto verified = co_await backend.keeper.unlock(std::move(*passphrase));
    if (verified) backend.vault_read_anew();
    co_return verified;
}

}  // namespace krakken::gate
