#pragma once

// Who holds which grant, as the vault has it.

#include "base/caller.hpp"
#include "base/clock.hpp"
#include "gate/peer.hpp"
#include "grant/grant.hpp"
#include "keeper/keeper.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace krakken::gate {

struct Holding {
    std::string holder;  // as the vault has it: a bot's name, "uid:1000", "group:traders"
    grant::Grant grant;
};

// What one client holds: nothing, or one grant; of several groups, one of each. A call is made if one of them
// allows it.
using Holdings = std::vector<std::shared_ptr<const Holding>>;

// Whether there is anything that its holder may do with the account.
bool sees(const Holdings& holdings, const base::AccountName& account);

class GrantBook {
public:
    // Both must outlive it.
    GrantBook(const keeper::Keeper& keeper, const base::Clock& clock);

    // Takes over what the vault says; after every unlock and change. While it is closed the book stays as it
    // was. Reads the user database.
    void refresh();

    // By the kernel's word: the user's own grant; else, of krakkend's own user and root, the operator's; of
    // all others those of their groups. Of a bot its own alone: none, if the key that it has shown was
    // revoked or has ended meanwhile.
    Holdings of(const Peer& peer, const base::Caller& caller) const;
    // False: the vault was never open since the start, so nobody knows what it says.
    bool known() const { return known_; }

    // By holder; null when there is no such one.
    std::shared_ptr<const Holding> find(const std::string& holder) const;

private:
    struct Known {
        std::shared_ptr<const Holding> holding;
        std::vector<keeper::GrantInfo::BotKey> keys;
    };

    Holdings of_bot(const base::Caller& caller) const;

    const keeper::Keeper& keeper_;
    const base::Clock& clock_;
    std::map<std::string, Known> by_holder_;
    std::map<gid_t, std::shared_ptr<const Holding>> by_group_;
    std::shared_ptr<const Holding> operators_;
    bool known_ = false;
};

// A bot's name is one as accounts have, so it is never taken for a user or a group.
bool is_bot_name(std::string_view holder);

}  // namespace krakken::gate
