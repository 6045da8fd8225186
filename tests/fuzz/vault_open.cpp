// The vault decoder over hostile files. Three ways in, chosen by the first byte: a whole file; the content of
// a file, as if it had been decrypted; and damage to a good file, which must never open.

#include "keeper/contents.hpp"
#include "keeper/vault_crypto.hpp"
#include "keeper/vault_operations.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <vector>

using namespace krakken::keeper;
using krakken::base::SecretBytes;
using Input = std::span<const unsigned char>;
using Bytes = std::vector<unsigned char>;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

// A vault with a key file slot, whose slot key is cheap; the passphrase slot is never derived.
struct GoodVault {
    SecretBytes slot_key;
    Slot slot;
    Bytes image;

    GoodVault() {
        const SecretBytes data_key = random_key();
        VaultHeader header = new_header({});
        slot = new_slot(SlotType::key_file, {});
        slot_key = key_file_key(random_key(), slot);
        wrap_data_key(header, slot, slot_key, data_key);
        header.slots = {new_slot(SlotType::passphrase, kdf_parameters(KdfCost::interactive)), slot};
        const Bytes text(8, 'a');
        const auto content = write_record({
            .account = *krakken::base::AccountName::parse("master"),
            .tier = krakken::base::Tier::pro,
            .api_key = text,
            .api_secret = text,
            .otp_kind = OtpKind::none,
            .otp = {},
        });
        image = *next_image(header, data_key, content, {});
    }
};

bool opens_with(Input file, const SecretBytes& slot_key) {
    const auto header = read_header(file);
    if (!header) return false;
    return std::ranges::any_of(header->slots, [&](const Slot& slot) {
        const auto data_key = unwrap_data_key(*header, slot, slot_key);
        return data_key && open_content(file, *header, *data_key).has_value();
    });
}

void whole_file(Input file) {
    const auto header = read_header(file);
    if (!header) return;
    // What was read is what is written, but for minor version and reserved bytes.
    Bytes written(header_bytes(*header));
    write_header(*header, written);
    require(written.size() + mac_bytes <= file.size());
    const auto again = read_header(Bytes(file.begin(), file.end()));
    require(again && again->epoch == header->epoch && again->slots.size() == header->slots.size());
    require(!open_content(file, *header, random_key()));
}

void content(Input bytes) {
    const auto contents = Contents::parse(SecretBytes::copy_of(bytes));
    if (!contents) return;
    std::size_t covered = 0;
    for (const StoredKey& key : contents->keys())
        covered += key.record.length;
    require(covered == bytes.size());
    if (contents->keys().empty()) return;
    const auto gone = contents->keys().front().info.key;
    require(contents->without(gone).size() < bytes.size());
    require(Contents::parse(contents->with_validation(gone, {})).has_value());
}

void damage(Input changes, const GoodVault& good) {
    Bytes damaged = good.image;
    for (; changes.size() >= 3; changes = changes.subspan(3)) {
        const std::size_t at = (changes[0] | std::size_t{changes[1]} << 8U) % damaged.size();
        damaged[at] ^= changes[2];
    }
    require(opens_with(damaged, good.slot_key) == (damaged == good.image));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const GoodVault good;
    if (size == 0) return 0;
    const Input rest(data + 1, size - 1);
    switch (data[0] % 3) {
        case 0:
            whole_file(rest);
            break;
        case 1:
            content(rest);
            break;
        default:
            damage(rest, good);
    }
    return 0;
}
