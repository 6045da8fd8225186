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

// What a record is; below the first of them it is a key, and the byte its tier.
enum class RecordKind : std::uint8_t { grant = 16 };

std::string_view text_of(ConstBytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The frame that all records have.
struct Frame {
    std::int64_t time = 0;
    std::uint8_t kind = 0;  // of a key: its tier
    std::uint8_t otp_kind = 0;
    Range record;
    Range name;
    Range api_key;
    Range api_secret;
    Range last;  // a key's one-time password, a grant's words
};

Frame read_frame(ByteReader& reader, ConstBytes all) {
    Frame frame;
    frame.record.offset = all.size() - reader.left();
    frame.time = reader.number<std::int64_t>();
    frame.kind = reader.number<std::uint8_t>();
    frame.otp_kind = reader.number<std::uint8_t>();
    std::array<std::uint16_t, 4> lengths{};
    for (std::uint16_t& length : lengths)
        length = reader.number<std::uint16_t>();
    frame.name = take(reader, all, lengths[0]);
    frame.api_key = take(reader, all, lengths[1]);
    frame.api_secret = take(reader, all, lengths[2]);
    frame.last = take(reader, all, lengths[3]);
    frame.record.length = all.size() - reader.left() - frame.record.offset;
    return frame;
}

struct FrameParts {
    std::optional<base::Time> time;
    std::uint8_t kind;
    std::uint8_t otp_kind;
    std::array<ConstBytes, 4> fields;
};

std::size_t size_of(const FrameParts& parts) {
    std::size_t size = prefix_bytes;
    for (const ConstBytes field : parts.fields)
        size += field.size();
    return size;
}

void put_frame(ByteWriter& writer, const FrameParts& parts) {
    writer.number(stamp(parts.time));
    writer.number(parts.kind);
    writer.number(parts.otp_kind);
    for (const ConstBytes field : parts.fields)
        writer.number(static_cast<std::uint16_t>(field.size()));
    for (const ConstBytes field : parts.fields)
        writer.put(field);
}

SecretBytes written(std::span<const FrameParts> frames) {
    std::size_t size = 0;
    for (const FrameParts& frame : frames)
        size += size_of(frame);
    SecretBytes bytes(size);
    bytes.fill([&](MutableBytes target) {
        ByteWriter writer(target);
        for (const FrameParts& frame : frames)
            put_frame(writer, frame);
    });
    return bytes;
}

std::optional<base::Time> time_of(std::int64_t stamp) {
    if (stamp == 0) return std::nullopt;
    return base::Time(std::chrono::microseconds(stamp));
}

std::optional<StoredKey> read_key(const Frame& frame, ConstBytes all) {
    const auto account = base::AccountName::parse(text_of(frame.name.of(all)));
    if (!account || frame.kind > static_cast<std::uint8_t>(base::Tier::pro) ||
        frame.otp_kind > static_cast<std::uint8_t>(OtpKind::totp_seed))
        return std::nullopt;
    return StoredKey{
        .info =
            {
                .account = *account,
                .key = key_id(frame.api_key.of(all)),
                .tier = static_cast<base::Tier>(frame.kind),
                .has_otp = frame.otp_kind != 0,
                .validated_at = time_of(frame.time),
            },
        .otp_kind = static_cast<OtpKind>(frame.otp_kind),
        .record = frame.record,
        .api_key = frame.api_key,
        .api_secret = frame.api_secret,
        .otp = frame.last,
    };
}

std::optional<StoredGrant> read_grant(const Frame& frame, ConstBytes all) {
    if (frame.otp_kind != 0 || frame.name.length == 0) return std::nullopt;
    const bool has_key = frame.api_key.length > 0;
    return StoredGrant{
        .holder = std::string(text_of(frame.name.of(all))),
        .grant = std::string(text_of(frame.last.of(all))),
        .key = has_key ? key_id(frame.api_key.of(all)) : base::KeyId(""),
        .key_ends_at = time_of(frame.time),
        .record = frame.record,
        .api_key = frame.api_key,
        .api_secret = frame.api_secret,
    };
}

FrameParts parts_of(const StoredGrant& stored, ConstBytes all) {
    return {
        .time = stored.key_ends_at,
        .kind = static_cast<std::uint8_t>(RecordKind::grant),
        .otp_kind = 0,
        .fields =
            {bytes_of(stored.holder),
             stored.api_key.of(all),
             stored.api_secret.of(all),
             bytes_of(stored.grant)},
    };
}

FrameParts parts_of(const StoredKey& stored, ConstBytes all) {
    return {
        .time = stored.info.validated_at,
        .kind = static_cast<std::uint8_t>(stored.info.tier),
        .otp_kind = static_cast<std::uint8_t>(stored.otp_kind),
        .fields =
            {bytes_of(stored.info.account.text()),
             stored.api_key.of(all),
             stored.api_secret.of(all),
             stored.otp.of(all)},
    };
}

// The content of these records of `bytes`, and some more.
SecretBytes rewritten(
    const SecretBytes& bytes,
    const std::vector<StoredKey>& keys,
    const std::vector<StoredGrant>& grants,
    std::span<const FrameParts> more = {}
) {
    return bytes.use([&](ConstBytes all) {
        std::vector<FrameParts> frames;
        for (const StoredKey& stored : keys)
            frames.push_back(parts_of(stored, all));
        for (const StoredGrant& stored : grants)
            frames.push_back(parts_of(stored, all));
        frames.insert(frames.end(), more.begin(), more.end());
        return written(frames);
    });
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
    const FrameParts frame{
        .time = std::nullopt,
        .kind = static_cast<std::uint8_t>(parts.tier),
        .otp_kind = static_cast<std::uint8_t>(parts.otp_kind),
        .fields = {bytes_of(parts.account.text()), parts.api_key, parts.api_secret, parts.otp},
    };
    return written({&frame, 1});
}

Result<Contents> Contents::parse(SecretBytes bytes) {
    Contents contents;
    const bool whole = bytes.use([&](ConstBytes all) {
        ByteReader reader(all);
        while (reader.left() > 0) {
            const Frame frame = read_frame(reader, all);
            if (reader.failed()) return false;
            if (frame.kind == static_cast<std::uint8_t>(RecordKind::grant)) {
                auto stored = read_grant(frame, all);
                if (!stored) return false;
                contents.grants_.push_back(std::move(*stored));
            } else {
                auto stored = read_key(frame, all);
                if (!stored) return false;
                contents.keys_.push_back(std::move(*stored));
            }
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
    std::vector<StoredKey> rest = keys_;
    std::erase_if(rest, [&key](const StoredKey& stored) { return stored.info.key == key; });
    return rewritten(bytes_, rest, grants_);
}

SecretBytes Contents::with_validation(const base::KeyId& key, base::Time when) const {
    SecretBytes changed = bytes_.use([](ConstBytes mine) { return SecretBytes::copy_of(mine); });
    if (const StoredKey* stored = find(key)) {
        changed.fill([&](MutableBytes target) { put_stamp(target.subspan(stored->record.offset), when); });
    }
    return changed;
}

SecretBytes Contents::with_grant(std::string_view holder, std::string_view grant) const {
    std::vector<StoredGrant> changed = grants_;
    bool was_there = false;
    for (StoredGrant& stored : changed) {
        if (stored.holder != holder) continue;
        stored.grant = grant;
        was_there = true;
    }
    if (!was_there) {
        StoredGrant added;
        added.holder = holder;
        added.grant = grant;
        changed.push_back(std::move(added));
    }
    return rewritten(bytes_, keys_, changed);
}

SecretBytes Contents::with_bot_key(
    std::string_view bot,
    std::string_view grant,
    const BotKeyParts& key,
    base::Time now,
    base::Time earlier_ends_at
) const {
    std::vector<StoredGrant> changed = grants_;
    std::erase_if(changed, [&](const StoredGrant& stored) {
        return stored.holder == bot && stored.key_ends_at && *stored.key_ends_at <= now;
    });
    for (StoredGrant& stored : changed) {
        if (stored.holder != bot) continue;
        stored.grant = grant;
        stored.key_ends_at = std::min(stored.key_ends_at.value_or(earlier_ends_at), earlier_ends_at);
    }
    const FrameParts added{
        .time = std::nullopt,
        .kind = static_cast<std::uint8_t>(RecordKind::grant),
        .otp_kind = 0,
        .fields = {bytes_of(bot), key.api_key, key.api_secret, bytes_of(grant)},
    };
    return rewritten(bytes_, keys_, changed, {&added, 1});
}

SecretBytes Contents::without_grant(std::string_view holder) const {
    std::vector<StoredGrant> rest = grants_;
    std::erase_if(rest, [holder](const StoredGrant& stored) { return stored.holder == holder; });
    return rewritten(bytes_, keys_, rest);
}

}  // namespace krakken::keeper
