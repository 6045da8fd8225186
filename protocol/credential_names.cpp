#include "protocol/credential_names.hpp"

#include "protocol/account_name.hpp"

namespace krakken::protocol {

namespace {

constexpr std::string_view user_stem = "KRAKEN_USER_";

std::string_view ending(CredentialField field) {
    return field == CredentialField::api_key ? "API_KEY" : "API_SECRET";
}

}  // namespace

std::string CredentialName::text(CredentialField which) const {
    return stem + std::string(ending(which));
}

bool CredentialName::is_users() const {
    return stem.starts_with(user_stem);
}

std::string CredentialName::account() const {
    if (!is_users()) return "master";
    const std::string_view user =
        std::string_view(stem).substr(user_stem.size(), stem.size() - user_stem.size() - 1);
    return user.empty() ? std::string() : "user_" + folded_account_name(user);
}

std::optional<CredentialName> parse_credential_name(std::string_view name) {
    for (const CredentialField field : {CredentialField::api_key, CredentialField::api_secret}) {
        if (!name.ends_with(ending(field))) continue;
        const std::string_view stem = name.substr(0, name.size() - ending(field).size());
        const bool of_user =
            stem.starts_with(user_stem) && stem.size() > user_stem.size() && stem.ends_with('_');
        if (of_user || stem == CredentialName::only_stem || stem == CredentialName::master_stem)
            return CredentialName{std::string(stem), field};
    }
    return std::nullopt;
}

}  // namespace krakken::protocol
