#include "tests/exchange/venue/positions.hpp"

#include <algorithm>

namespace exchange {

Amount Positions::closable(const std::string& account, const Pair& pair, Side side) const {
    Amount sum;
    for (const auto& position : all_)
        if (position.account == account && position.pair == &pair && position.side != side)
            sum += position.open_volume();
    return sum;
}

Amount Positions::close(
    const std::string& account, const Pair& pair, Side side, Amount volume, Amount price, Amount& gain
) {
    Amount closed;
    for (auto& position : all_) {
        if (position.account != account || position.pair != &pair || position.side == side) continue;
        const Amount part = std::min(position.open_volume(), volume - closed);
        if (!part.is_positive()) continue;
        const Amount paid = position.cost.times(part).over(position.volume);
        const Amount worth = price.times(part);
        gain += position.side == Side::buy ? worth - paid : paid - worth;
        position.closed_volume += part;
        closed += part;
    }
    return closed;
}

std::vector<const Position*> Positions::open_of(const std::string& account) const {
    std::vector<const Position*> found;
    for (const auto& position : all_)
        if (position.account == account && position.open_volume().is_positive()) found.push_back(&position);
    return found;
}

}  // namespace exchange
