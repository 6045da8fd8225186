// The vault's file format: every byte of it is either authenticated or refused, and nothing that a file says
// is acted upon before its limits are checked.

#include "keeper/contents.hpp"
#include "keeper/vault_crypto.hpp"
#include "keeper/vault_operations.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <string>

using namespace krakken::keeper;
using namespace krakken::keeper::test;
using krakken::base::SecretBytes;
using krakken::protocol::Error;
using krakken::protocol::ErrorCode;
using Bytes = std::vector<unsigned char>;

namespace {

constexpr std::size_t version_at = 8;  // the major version, two bytes: damage there reads as another format
constexpr std::size_t operations_at = fixed_header_bytes + 20;
constexpr std::size_t memory_at = fixed_header_bytes + 24;

// A vault with one key, and the derived key of its passphrase slot, so that Argon2id runs once for all flips.
struct SealedVault {
    Scratch scratch;
    Bytes image;
    SecretBytes slot_key;
    static constexpr std::string_view passphrase = "right";

    SealedVault() {
        auto created = create_with_passphrase(
            scratch.vault(), text(passphrase), kdf_parameters(KdfCost::interactive), SetClock().now()
        );
        REQUIRE(created.has_value());
        slot_key = std::move(*passphrase_key(text(passphrase), created->header.slots[0]));
        auto file_slot = new_slot(SlotType::key_file, {});
        wrap_data_key(created->header, file_slot, key_file_key(random_key(), file_slot), created->data_key);
        created->header.slots.push_back(file_slot);
        const auto bytes = [](std::string_view plain) {
            return std::span(reinterpret_cast<const unsigned char*>(plain.data()), plain.size());
        };
        const auto content = write_record({
            .account = *krakken::base::AccountName::parse("master"),
            .tier = krakken::base::Tier::pro,
            .api_key = bytes("api-key"),
            .api_secret = bytes("the secret"),
            .otp_kind = OtpKind::password,
            .otp = bytes("123456"),
        });
        image = *next_image(created->header, created->data_key, content, SetClock().now());
    }

    // The way of an unlock without its Argon2id.
    krakken::protocol::Result<Contents> open(std::span<const unsigned char> file) const {
        auto header = read_header(file);
        if (!header) return std::unexpected(header.error());
        const auto slot = std::ranges::find(header->slots, SlotType::passphrase, &Slot::type);
        auto data_key = unwrap_data_key(*header, *slot, slot_key);
        if (!data_key) return std::unexpected(data_key.error());
        auto content = open_content(file, *header, *data_key);
        if (!content) return std::unexpected(content.error());
        return Contents::parse(std::move(*content));
    }
};

bool refused_as_damaged(const Error& error, std::size_t offset) {
    if (offset == version_at || offset == version_at + 1)
        return error.code == ErrorCode::vault && reason(error) == "version";
    return error.code == ErrorCode::passphrase &&
           error.message == "wrong passphrase or corrupted secrets file";
}

}  // namespace

TEST_CASE("an untouched vault opens, and holds what was put in", "[vault]") {
    const SealedVault vault;
    const auto contents = vault.open(vault.image);
    REQUIRE(contents.has_value());
    REQUIRE(contents->keys().size() == 1);
    const StoredKey& key = contents->keys()[0];
    CHECK(key.info.account.text() == "master");
    CHECK(key.info.tier == krakken::base::Tier::pro);
    contents->bytes().use([&](std::span<const unsigned char> bytes) {
        CHECK(std::ranges::equal(key.api_secret.of(bytes), std::string_view("the secret")));
        CHECK(std::ranges::equal(key.otp.of(bytes), std::string_view("123456")));
    });
}

TEST_CASE("one flipped bit anywhere in the file is refused", "[vault]") {
    const SealedVault vault;
    for (std::size_t offset = 0; offset < vault.image.size(); ++offset) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            Bytes damaged = vault.image;
            damaged[offset] ^= static_cast<unsigned char>(1U << bit);
            const auto opened = vault.open(damaged);
            CAPTURE(offset, bit);
            REQUIRE_FALSE(opened.has_value());
            REQUIRE(refused_as_damaged(opened.error(), offset));
        }
    }
}

TEST_CASE("a file cut at any length, or longer than it was, is refused", "[vault]") {
    const SealedVault vault;
    for (std::size_t length = 0; length < vault.image.size(); ++length) {
        CAPTURE(length);
        const auto opened = vault.open(std::span(vault.image).first(length));
        REQUIRE_FALSE(opened.has_value());
        REQUIRE(opened.error().code == ErrorCode::passphrase);
    }
    Bytes longer = vault.image;
    longer.push_back(0);
    CHECK_FALSE(vault.open(longer).has_value());
}

TEST_CASE("flipped bytes are refused on the whole way of an unlock too", "[vault]") {
    const SealedVault vault;
    for (std::size_t offset = 0; offset < vault.image.size(); offset += 19) {
        Bytes damaged = vault.image;
        damaged[offset] ^= 1U;
        write_file(vault.scratch.vault(), damaged);
        const auto opened = open_with_passphrase(vault.scratch.vault(), text(SealedVault::passphrase));
        CAPTURE(offset);
        REQUIRE_FALSE(opened.has_value());
        REQUIRE(refused_as_damaged(opened.error(), offset));
    }
    write_file(vault.scratch.vault(), vault.image);
    CHECK(open_with_passphrase(vault.scratch.vault(), text(SealedVault::passphrase)).has_value());
}

TEST_CASE("a cost beyond the limits is refused before it is paid", "[vault]") {
    const SealedVault vault;
    const auto refused = [&](std::size_t offset, std::vector<unsigned char> bytes) {
        Bytes planted = vault.image;
        std::ranges::copy(bytes, planted.begin() + static_cast<std::ptrdiff_t>(offset));
        return !read_header(planted).has_value();
    };
    CHECK(refused(operations_at, {0, 0, 0, 0}));
    CHECK(refused(operations_at, {17, 0, 0, 0}));
    CHECK(refused(operations_at, {0, 0, 0, 0xff}));
    CHECK_FALSE(refused(operations_at, {16, 0, 0, 0}));
    CHECK(refused(memory_at, {0xff, 0xff, 0xff, 0x03, 0, 0, 0, 0}));        // 64 MiB - 1
    CHECK(refused(memory_at, {0x01, 0x00, 0x00, 0x80, 0, 0, 0, 0}));        // 2 GiB + 1
    CHECK(refused(memory_at, {0, 0, 0, 0x04, 0, 0, 0, 0x80}));              // far beyond
    CHECK_FALSE(refused(memory_at, {0x00, 0x00, 0x00, 0x80, 0, 0, 0, 0}));  // 2 GiB
}

TEST_CASE("slots that would cost more than one derivation, or none, are refused", "[vault]") {
    const SealedVault vault;
    const auto good = *read_header(vault.image);
    const auto accepted = [&](std::vector<Slot> slots) {
        VaultHeader header = good;
        header.slots = std::move(slots);
        Bytes file(header_bytes(header) + mac_bytes);
        write_header(header, file);
        return read_header(file).has_value();
    };
    const Slot& passphrase = good.slots[0];
    const Slot& key_file = good.slots[1];
    CHECK(accepted({passphrase}));
    CHECK(accepted({key_file, passphrase}));
    CHECK_FALSE(accepted({}));
    CHECK_FALSE(accepted({key_file}));
    CHECK_FALSE(accepted({passphrase, passphrase}));
    std::vector<Slot> many(max_slots, key_file);
    many[0] = passphrase;
    CHECK(accepted(many));
    many.push_back(key_file);
    CHECK_FALSE(accepted(many));
    Slot unknown = key_file;
    unknown.type = static_cast<SlotType>(3);
    CHECK_FALSE(accepted({passphrase, unknown}));
}

TEST_CASE("a change of cost that derives the same key is caught by what the slot is bound to", "[vault]") {
    // Argon2id counts memory in KiB: the lowest ten bits change nothing but the file.
    const SealedVault vault;
    Bytes damaged = vault.image;
    damaged[memory_at] ^= 1U;
    const auto header = read_header(damaged);
    REQUIRE(header.has_value());
    const auto same_key = passphrase_key(text(SealedVault::passphrase), header->slots[0]);
    REQUIRE(opens(*same_key, header->slots[0]));
    CHECK_FALSE(unwrap_data_key(*header, header->slots[0], *same_key).has_value());
}

TEST_CASE("a slot cannot be moved into another vault", "[vault]") {
    const SealedVault vault;
    auto header = *read_header(vault.image);
    header.id[0] ^= 1U;
    CHECK(opens(vault.slot_key, header.slots[0]));
    CHECK_FALSE(unwrap_data_key(header, header.slots[0], vault.slot_key).has_value());
}

TEST_CASE("contents and headers of two saves cannot be mixed", "[vault]") {
    const SealedVault vault;
    const auto header = *read_header(vault.image);
    const auto data_key = *unwrap_data_key(header, header.slots[0], vault.slot_key);
    const auto content = *open_content(vault.image, header, data_key);
    const Bytes next = *next_image(header, data_key, content, SetClock().now());
    REQUIRE(next.size() == vault.image.size());
    REQUIRE(vault.open(next).has_value());
    const auto content_at = static_cast<std::ptrdiff_t>(header_bytes(header) + mac_bytes);
    Bytes mixed = next;
    std::copy(vault.image.begin() + content_at, vault.image.end(), mixed.begin() + content_at);
    CHECK_FALSE(vault.open(mixed).has_value());
}

TEST_CASE("every save has the next epoch, a fresh nonce, and shows nothing of what it holds", "[vault]") {
    const SealedVault vault;
    const auto header = *read_header(vault.image);
    CHECK(header.epoch == 2);
    const auto data_key = *unwrap_data_key(header, header.slots[0], vault.slot_key);
    const Bytes next = *next_image(header, data_key, *open_content(vault.image, header, data_key), {});
    CHECK(read_header(next)->epoch == 3);
    CHECK(read_header(next)->content_nonce != header.content_nonce);
    for (const std::string_view plain : {"master", "api-key", "the secret", "123456"})
        CHECK(std::ranges::search(vault.image, plain).empty());
}

TEST_CASE("records that are not whole are refused although they were sealed", "[vault]") {
    const SealedVault vault;
    const auto header = *read_header(vault.image);
    const auto data_key = *unwrap_data_key(header, header.slots[0], vault.slot_key);
    const auto content = *open_content(vault.image, header, data_key);
    for (std::size_t length = 1; length < content.size(); ++length) {
        auto part = content.use([&](std::span<const unsigned char> bytes) {
            return SecretBytes::copy_of(bytes.first(length));
        });
        CAPTURE(length);
        REQUIRE_FALSE(Contents::parse(std::move(part)).has_value());
    }
}
