#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "base/unicode_class.h"
#include "base/utf8.h"

namespace fathom {

void Vocabulary::Reserve(size_t count) {
  count = std::min(count, static_cast<size_t>(kIdLimit));
  entries_.reserve(count);
  if (slots_.size() < count * 2) Rehash(std::bit_ceil(count * 2));
}

Status Vocabulary::Add(int64_t wide_id, std::string_view bytes, TokenKind kind) {
  if (wide_id < 0 || wide_id >= kIdLimit) {
    return InvalidArgument("id {} of {} is outside [0, {})", wide_id, QuoteToken(bytes), kIdLimit);
  }
  const auto id = static_cast<int32_t>(wide_id);
  if (bytes.empty()) return InvalidArgument("id {} is an empty token", id);
  if (bytes.size() > kMaxTokenBytes) {
    return InvalidArgument("id {} has {} bytes, more than {}", id, bytes.size(), kMaxTokenBytes);
  }
  if (Has(id)) {
    return InvalidArgument("id {} is both {} and {}", id, QuoteToken(Bytes(id)), QuoteToken(bytes));
  }
  if (static_cast<size_t>(size_) * 2 >= slots_.size()) {
    Rehash(std::max<size_t>(16, slots_.size() * 2));
  }
  const uint64_t hash = HashOf(bytes);
  Slot& slot = slots_[SlotOf(bytes, hash)];
  if (slot.id >= 0) {
    return InvalidArgument("{} has two ids, {} and {}", QuoteToken(bytes), slot.id, id);
  }
  slot = {static_cast<uint32_t>(hash), id};
  if (id >= id_limit()) entries_.resize(static_cast<size_t>(id) + 1);
  entries_[static_cast<size_t>(id)] = {static_cast<uint32_t>(bytes_.size()),
                                       static_cast<uint16_t>(bytes.size()), kind};
  bytes_.append(bytes);
  ++size_;
  return {};
}

Status Vocabulary::Check(int64_t id) const {
  if (id >= 0 && id < id_limit() && Has(static_cast<int32_t>(id))) return {};
  return InvalidArgument("{} is no token; the largest is {}", id, id_limit() - 1);
}

std::string_view Vocabulary::Bytes(int32_t id) const {
  if (!Has(id)) return {};
  const Entry& entry = entries_[static_cast<size_t>(id)];
  return std::string_view(bytes_).substr(entry.offset, entry.length);
}

std::optional<int32_t> Vocabulary::Find(std::string_view bytes) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[SlotOf(bytes, HashOf(bytes))];
  return slot.id >= 0 ? std::optional(slot.id) : std::nullopt;
}

uint64_t Vocabulary::HashOf(std::string_view bytes) { return std::hash<std::string_view>()(bytes); }

// The upper half of the hash chooses the place, the lower stands in the slot.
size_t Vocabulary::SlotOf(std::string_view bytes, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  const auto tag = static_cast<uint32_t>(hash);
  for (size_t i = (hash >> 32) & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.id < 0 || (slot.hash == tag && Bytes(slot.id) == bytes)) return i;
  }
}

void Vocabulary::Rehash(size_t slots) {
  slots_.assign(slots, Slot());
  for (int32_t id = 0; id < id_limit(); ++id) {
    if (!Has(id)) continue;
    const uint64_t hash = HashOf(Bytes(id));
    slots_[SlotOf(Bytes(id), hash)] = {static_cast<uint32_t>(hash), id};
  }
}

std::string QuoteToken(std::string_view bytes, size_t shown) {
  const bool cut = bytes.size() > shown;
  bytes = bytes.substr(0, shown);
  std::string out = "\"";
  while (!bytes.empty()) {
    const Utf8Char c = DecodeUtf8(bytes);
    const std::string_view raw = bytes.substr(0, static_cast<size_t>(c.length));
    if (raw == "\"" || raw == "\\") {
      out.append("\\").append(raw);
    } else if (raw == "\n") {
      out.append("\\n");
    } else if (c.valid && IsPrintable(c.code_point)) {
      out.append(raw);
    } else {
      for (const char byte : raw) out.append(fmt::format("\\x{:02x}", static_cast<uint8_t>(byte)));
    }
    bytes.remove_prefix(raw.size());
  }
  return out.append(cut ? "…\"" : "\"");
}

}  // namespace fathom
