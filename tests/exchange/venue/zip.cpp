#include "tests/exchange/venue/zip.hpp"

#include <boost/crc.hpp>
#include <cstdint>

namespace exchange {
namespace {

void put(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
        out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

// What the local header and the entry of the central directory have in common: version needed (1.0), no
// flags, stored, 1 January 1980, checksum, sizes, length of the name, no extra field.
void put_common(std::string& out, std::string_view name, std::string_view content) {
    boost::crc_32_type sum;
    sum.process_bytes(content.data(), content.size());
    put(out, 10, 2);
    put(out, 0, 2);
    put(out, 0, 2);
    put(out, 0, 2);
    put(out, 0x21, 2);
    put(out, sum.checksum(), 4);
    put(out, std::uint32_t(content.size()), 4);
    put(out, std::uint32_t(content.size()), 4);
    put(out, std::uint32_t(name.size()), 2);
    put(out, 0, 2);
}

}  // namespace

std::string zipped(std::string_view file_name, std::string_view content) {
    std::string archive = "PK\x03\x04";
    put_common(archive, file_name, content);
    archive += file_name;
    archive += content;
    const auto directory = std::uint32_t(archive.size());
    archive += "PK\x01\x02";
    put(archive, 10, 2);  // made by version
    put_common(archive, file_name, content);
    put(archive, 0, 2);  // no comment
    put(archive, 0, 2);  // first disk
    put(archive, 0, 2);  // attributes
    put(archive, 0, 4);
    put(archive, 0, 4);  // offset of the local header
    archive += file_name;
    const auto length = std::uint32_t(archive.size()) - directory;
    archive += "PK\x05\x06";
    put(archive, 0, 4);  // disks
    put(archive, 1, 2);
    put(archive, 1, 2);
    put(archive, length, 4);
    put(archive, directory, 4);
    put(archive, 0, 2);  // no comment
    return archive;
}

}  // namespace exchange
