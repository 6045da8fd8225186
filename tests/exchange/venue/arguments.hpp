#pragma once

// Reads the parameters of one call, strictly. Each reader refuses a value of the wrong shape with
// EGeneral:Invalid arguments:<field>; done() refuses what nobody read.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/exchange/call.hpp"
#include "tests/exchange/venue/money.hpp"

namespace exchange {

// Form fields with brackets ("close[price]", "orders[0][type]") become what a JSON body would hold.
Params nested(const Params& params);

class Arguments {
public:
    // Refuses a name that appears twice. `params` must outlive this; prefix is shown before field names of a
    // nested object.
    explicit Arguments(const Params& params, std::string prefix = {});

    // Text or number; nothing when absent, null or empty.
    std::optional<std::string> text(std::string_view name);
    std::string needed(std::string_view name);
    std::optional<bool> flag(std::string_view name);
    // A boolean or a text, as text.
    std::optional<std::string> text_or_flag(std::string_view name);
    std::optional<std::int64_t> whole(std::string_view name, std::int64_t least, std::int64_t most);
    // Plain decimal above zero.
    std::optional<Amount> amount(std::string_view name);
    Amount needed_amount(std::string_view name);
    std::optional<std::string> one_of(std::string_view name, std::initializer_list<std::string_view> allowed);
    // A comma list, or an array of texts; empty when absent.
    std::vector<std::string> list(std::string_view name, std::size_t most);
    const Param* object(std::string_view name);
    const std::vector<Param>* array(std::string_view name);
    bool is_array_of_objects(std::string_view name);
    // Read and thrown away, after its values were checked.
    void rebase_multiplier() { one_of("rebase_multiplier", {"rebased", "base"}); }

    void done(bool refuse_unknown) const;

private:
    const Param* find(std::string_view name);
    [[noreturn]] void invalid(std::string_view name) const;

    const Params& params_;
    std::string prefix_;
    std::set<std::string, std::less<>> read_;
};

// Whole numbers as text, refusing blanks, '+' and overflow.
std::optional<std::int64_t> parse_whole(std::string_view text);
std::vector<std::string> split_commas(std::string_view text);
// RFC3339 with 'Z' or an offset, fraction up to nanoseconds.
std::optional<Time> parse_rfc3339(const std::string& text);

}  // namespace exchange
