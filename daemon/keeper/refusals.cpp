// Refusals that others than the keeper must word as it does.

#include "keeper/keeper.hpp"

namespace krakken::keeper {

using protocol::Error;

Error not_open_error(const Keeper& keeper) {
    if (keeper.vault_exists() || keeper.state() == VaultState::uninitialized)
        return protocol::locked_error(keeper.vault_exists());
    Error error = protocol::wiped_error();
    error.message = "the keys that came with the environment were wiped by a lock, and there is no vault";
    return error;
}

Error environment_error(const base::AccountName& account) {
    Error error = protocol::make_error(
        protocol::ErrorCode::invalid_params,
        "the account " + account.text() +
            " has its key from krakkend's environment, which only a restart changes"
    );
    error.account = account.text();
    return std::move(error)
        .with("reason", "environment")
        .with_remedy("change the account's KRAKEN_ variables and restart krakkend, or choose another name");
}

}  // namespace krakken::keeper
