#include "json/value.h"

#include <fmt/core.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <random>

#include "json/write.h"

namespace fathom::json {
namespace {

// 8 bytes at a time through a multiply and fold; the seed keeps collisions out of reach.
uint64_t HashKey(std::string_view key) {
  static const uint64_t seed = [] {
    std::random_device device;
    return uint64_t{device()} << 32 | device();
  }();
  constexpr uint64_t kMultiplier = 0x9FB21C651E98DF25;
  const auto mix = [](uint64_t x) {
    const auto product = static_cast<unsigned __int128>(x) * kMultiplier;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  uint64_t hash = mix(seed ^ key.size());
  while (key.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, key.data(), 8);
    hash = mix(hash ^ word ^ seed);
    key.remove_prefix(8);
  }
  uint64_t word = 0;
  std::memcpy(&word, key.data(), key.size());
  return mix(hash ^ word ^ seed);
}

}  // namespace

Object::Object() = default;
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

Object::Object(std::initializer_list<Member> members) {
  for (const Member& member : members) Set(member.key, member.value);
}

size_t Object::IndexOf(std::string_view key) const {
  if (slots_.empty()) {
    size_t i = 0;
    while (i < members_.size() && members_[i].key != key) ++i;
    return i;
  }
  const size_t mask = slots_.size() - 1;
  for (size_t slot = HashKey(key) & mask;; slot = (slot + 1) & mask) {
    const uint32_t index = slots_[slot];
    if (index == kFree) return members_.size();
    if (members_[index].key == key) return index;
  }
}

void Object::Reindex() {
  slots_.assign(std::bit_ceil(members_.size() * 4), kFree);
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < members_.size(); ++i) {
    size_t slot = HashKey(members_[i].key) & mask;
    while (slots_[slot] != kFree) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<uint32_t>(i);
  }
}

const Value* Object::Find(std::string_view key) const {
  const size_t i = IndexOf(key);
  return i < members_.size() ? &members_[i].value : nullptr;
}

Value* Object::Find(std::string_view key) {
  return const_cast<Value*>(std::as_const(*this).Find(key));
}

Value& Object::Set(std::string key, Value value) {
  const size_t i = IndexOf(key);
  if (i < members_.size()) return members_[i].value = std::move(value);
  members_.push_back({std::move(key), std::move(value)});
  if (members_.size() > kLinearLimit) {
    if (members_.size() * 2 > slots_.size()) {
      Reindex();
    } else {
      const size_t mask = slots_.size() - 1;
      size_t slot = HashKey(members_.back().key) & mask;
      while (slots_[slot] != kFree) slot = (slot + 1) & mask;
      slots_[slot] = static_cast<uint32_t>(i);
    }
  }
  return members_.back().value;
}

bool Object::operator==(const Object& other) const { return members_ == other.members_; }

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "boolean";
    case Kind::kNumber:
      return "number";
    case Kind::kString:
      return "string";
    case Kind::kArray:
      return "array";
    case Kind::kObject:
      return "object";
  }
  return "unknown";
}

Value::Value(int64_t number) : held_(Number{fmt::format("{}", number)}) {}
Value::Value(uint64_t number) : held_(Number{fmt::format("{}", number)}) {}
Value::Value(double number) : held_(Number{PythonFloat(number)}) {}

std::optional<int64_t> Value::AsInt64() const {
  if (!is_number()) return std::nullopt;
  const std::string& text = number().text;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> Value::AsDouble() const {
  if (!is_number()) return std::nullopt;
  return NumberToDouble(number().text);
}

}  // namespace fathom::json
