// Bytes of a connection: the lines do not depend on how the bytes come, and every line is answered properly.

#include "gate/request.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "protocol/line_reader.hpp"
#include "targets.hpp"

#include <algorithm>
#include <vector>

namespace krakken::fuzz {

namespace {

void check_reply(const std::string& text) {
    require(!text.contains('\n'), "a reply is one line");
    require(protocol::check_json(text, 8).has_value(), "a reply is JSON");
}

void check_id(const std::string& id, std::string_view line) {
    if (id.empty() || id == "null") return;
    require(line.contains(id), "an id is echoed as it was written");
    const auto kind = protocol::kind_of(id);
    require(kind == protocol::JsonKind::string || kind == protocol::JsonKind::number, "an id is a scalar");
}

void check_line(std::string_view line, protocol::SocketKind socket) {
    const gate::Line read = gate::read_line(line, socket);
    require(!read.requests.empty(), "a line is answered");
    require(read.batch || read.requests.size() == 1, "one request without a batch");
    require(read.requests.size() <= protocol::max_batch, "a batch has an end");
    std::vector<gate::Reply> replies;
    for (const auto& request : read.requests) {
        const std::string& id = request ? request->id : request.error().id;
        if (!id.empty()) replies.push_back({id, "c", gate::reply_text(id, "true")});
        if (request) {
            check_id(request->id, line);
            require(protocol::is_served(*request->method, socket), "the method belongs to this socket");
            if (!request->id.empty()) check_reply(gate::reply_text(request->id, "true"));
        } else {
            check_id(request.error().id, line);
            if (!request.error().id.empty())
                check_reply(gate::reply_text(request.error().id, std::unexpected(request.error().error)));
        }
    }
    const bool answered = !replies.empty();
    // However little room there is.
    const std::string together = gate::reply_line(read.batch, std::move(replies), line.size());
    require(together.empty() != answered, "an answer to all that is no notification");
    if (answered) check_reply(together);
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (std::size_t feed = 0; (feed = text.find('\n')) != std::string_view::npos;
         text.remove_prefix(feed + 1)) {
        std::string_view line = text.substr(0, feed);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.emplace_back(line);
    }
    return lines;
}

// In pieces whose sizes the bytes themselves choose.
std::vector<std::string> lines_in_pieces(std::string_view text) {
    std::vector<char> buffer(text.size() + 1);
    protocol::LineReader reader(buffer);
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto room = reader.space();
        const std::size_t wanted = 1 + static_cast<unsigned char>(text.front()) % 17;
        const std::size_t count = std::min({wanted, room.size(), text.size()});
        require(count > 0, "there is room for a line that fits");
        std::ranges::copy(text.substr(0, count), room.begin());
        reader.filled(count);
        text.remove_prefix(count);
        while (const auto line = reader.take_line())
            lines.emplace_back(*line);
        reader.wipe_taken();
    }
    return lines;
}

}  // namespace

void requests(Input input) {
    const std::string_view text = text_of(input);
    const auto lines = lines_of(text);
    require(lines == lines_in_pieces(text), "lines do not depend on the pieces");
    for (const std::string& line : lines) {
        check_line(line, protocol::SocketKind::client);
        check_line(line, protocol::SocketKind::admin);
    }
}

}  // namespace krakken::fuzz
