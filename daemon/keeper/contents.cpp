#include "contents.hpp"

#include "byte_codec.hpp"
#include "vault_header.hpp"

#include <sodium.h>

#include <algorithm>
#include <string_view>

namespace krakken::keeper {

using base::SecretBytes;
using protocol::Result;
using ConstBytes = std::span<const unsigned char>;
using MutableBytes = std::span<unsigned char>;

namespace {

// Where validated_at stands in a record; 0 is "never".
constexpr std::size_t prefix_bytes = 8 + 1 + 1 + 4 * 2;

std::int64_t stamp(std::optional<base::Time> time) {
    return time ? time->time_since_epoch().count() : 0;
}

void put_stamp(MutableBytes record, std::optional<base::Time> time) {
    ByteWriter(record).number(stamp(time));
}

ConstBytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

// The next part of the block, as a range of it.
Range take(ByteReader& reader, ConstBytes all, std::size_t length) {
    const Range range{all.size() - reader.left(), length};
    (void)reader.take(length);
    return range;
}

std::optional<StoredKey> read_record(ByteReader& reader, ConstBytes all) {
    const std::size_t start = all.size() - reader.left();
    const auto validated_at = reader.number<std::int64_t>();
    const auto tier = reader.number<std::uint8_t>();
    const auto otp_kind = reader.number<std::uint8_t>();
    const auto name_length = reader.number<std::uint16_t>();
    const auto api_key_length = reader.number<std::uint16_t>();
    const auto api_secret_length = reader.number<std::uint16_t>();
    const auto otp_length = reader.number<std::uint16_t>();
    const ConstBytes name = reader.take(name_length);
    const Range api_key = take(reader, all, api_key_length);
    const Range api_secret = take(reader, all, api_secret_length);
    const Range otp = take(reader, all, otp_length);
    const auto account = base::AccountName::parse({reinterpret_cast<const char*>(name.data()), name.size()});
    if (reader.failed() || !account || tier > static_cast<std::uint8_t>(base::Tier::pro) ||
        otp_kind > static_cast<std::uint8_t>(OtpKind::totp_seed))
        return std::nullopt;
    StoredKey stored{
        .info =
            {
                .account = *account,
                .key = key_id(api_key.of(all)),
                .tier = static_cast<base::Tier>(tier),
                .has_otp = otp_kind != 0,
                .validated_at = std::nullopt,
            },
        .otp_kind = static_cast<OtpKind>(otp_kind),
        .record = {start, all.size() - reader.left() - start},
        .api_key = api_key,
        .api_secret = api_secret,
        .otp = otp,
    };
    if (validated_at != 0) stored.info.validated_at = base::Time(std::chrono::microseconds(validated_at));
    return stored;
}

}  // namespace

base::KeyId key_id(ConstBytes api_key) {
    constexpr std::string_view domain = "krakkend API key name v1";
    std::array<unsigned char, 32> hash{};
    crypto_generichash(
        hash.data(), hash.size(), api_key.data(), api_key.size(), bytes_of(domain).data(), domain.size()
    );
    std::array<char, 9> hex{};
    sodium_bin2hex(hex.data(), hex.size(), hash.data(), 4);
    return base::KeyId(hex.data());
}

SecretBytes write_record(const RecordParts& parts) {
    const ConstBytes name = bytes_of(parts.account.text());
    SecretBytes record(
        prefix_bytes + name.size() + parts.api_key.size() + parts.api_secret.size() + parts.otp.size()
    );
    record.fill([&](MutableBytes target) {
        ByteWriter writer(target);
        writer.number(stamp(std::nullopt));
        writer.number(static_cast<std::uint8_t>(parts.tier));
        writer.number(static_cast<std::uint8_t>(parts.otp_kind));
        for (const ConstBytes field : {name, parts.api_key, parts.api_secret, parts.otp})
            writer.number(static_cast<std::uint16_t>(field.size()));
        for (const ConstBytes field : {name, parts.api_key, parts.api_secret, parts.otp})
            writer.put(field);
    });
    return record;
}

Result<Contents> Contents::parse(SecretBytes bytes) {
    Contents contents;
    const bool whole = bytes.use([&](ConstBytes all) {
        ByteReader reader(all);
        while (reader.left() > 0) {
            auto stored = read_record(reader, all);
            if (!stored) return false;
            contents.keys_.push_back(std::move(*stored));
        }
        return true;
    });
    if (!whole) return std::unexpected(cannot_be_opened());
    std::ranges::stable_sort(contents.keys_, {}, [](const StoredKey& key) { return key.info.account; });
    contents.bytes_ = std::move(bytes);
    return contents;
}

const StoredKey* Contents::find(const base::KeyId& key) const {
    const auto found = std::ranges::find(keys_, key, [](const StoredKey& stored) { return stored.info.key; });
    return found == keys_.end() ? nullptr : &*found;
}

const StoredKey* Contents::find(const base::AccountName& account) const {
    const auto found =
        std::ranges::find(keys_, account, [](const StoredKey& stored) { return stored.info.account; });
    return found == keys_.end() ? nullptr : &*found;
}

SecretBytes Contents::with(const Contents& candidate, std::optional<base::Time> validated_at) const {
    SecretBytes joined(bytes_.size() + candidate.bytes_.size());
    joined.fill([&](MutableBytes target) {
        ByteWriter writer(target);
        bytes_.use([&](ConstBytes mine) { writer.put(mine); });
        candidate.bytes_.use([&](ConstBytes record) { writer.put(record); });
        put_stamp(target.subspan(bytes_.size()), validated_at);
    });
    return joined;
}

SecretBytes Contents::without(const base::KeyId& key) const {
    const StoredKey* gone = find(key);
    SecretBytes rest(bytes_.size() - (gone ? gone->record.length : 0));
    rest.fill([&](MutableBytes target) {
        ByteWriter writer(target);
        bytes_.use([&](ConstBytes mine) {
            for (const StoredKey& stored : keys_) {
                if (&stored != gone) writer.put(stored.record.of(mine));
            }
        });
    });
    return rest;
}

SecretBytes Contents::with_validation(const base::KeyId& key, base::Time when) const {
    SecretBytes changed = bytes_.use([](ConstBytes mine) { return SecretBytes::copy_of(mine); });
    if (const StoredKey* stored = find(key)) {
        changed.fill([&](MutableBytes target) { put_stamp(target.subspan(stored->record.offset), when); });
    }
    return changed;
}

}  // namespace krakken::keeper
