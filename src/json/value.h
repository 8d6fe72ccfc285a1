// A JSON value that loses nothing: objects keep their order, numbers keep their text.
//
// Numbers stay text because the chat format needs them back as Python would print them: integers of
// any length, 1e400, NaN. Conversion happens where a number is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace fathom::json {

class Value;
struct Member;

// The text of a number as it stood in the source, or as made from a C++ number.
struct Number {
  std::string text;
  bool operator==(const Number&) const = default;
};

using Array = std::vector<Value>;

// Members in order of first appearance. A key set twice keeps its first place and its last value,
// as in Python. Look-up is O(1): above 16 members a hash index is kept, seeded per process, so
// that no input can make it slow.
class Object {
 public:
  Object(std::initializer_list<Member> members);

  // As the compiler would write them, but defined where Member is complete.
  Object();
  Object(const Object&);
  Object(Object&&) noexcept;
  Object& operator=(const Object&);
  Object& operator=(Object&&) noexcept;
  ~Object();

  size_t size() const;
  bool empty() const { return size() == 0; }
  const std::vector<Member>& members() const { return members_; }
  std::vector<Member>::const_iterator begin() const;
  std::vector<Member>::const_iterator end() const;

  // The value of `key`, or null when there is none. Valid until the next Set.
  const Value* Find(std::string_view key) const;
  Value* Find(std::string_view key);
  bool Has(std::string_view key) const { return Find(key) != nullptr; }

  // Adds or replaces; returns the value as it now stands.
  Value& Set(std::string key, Value value);

  bool operator==(const Object& other) const;  // order counts

 private:
  static constexpr size_t kLinearLimit = 16;
  static constexpr uint32_t kFree = ~uint32_t{0};

  size_t IndexOf(std::string_view key) const;  // members_.size() when absent
  void Reindex();

  std::vector<Member> members_;
  std::vector<uint32_t> slots_;  // open addressing into members_; a power of two, or empty
};

enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

// "null", "boolean", "number", "string", "array", "object": the words error messages use.
std::string_view KindName(Kind kind);

class Value {
 public:
  Value() = default;  // null
  Value(std::nullptr_t) {}
  Value(bool b) : held_(b) {}
  Value(int number) : Value(static_cast<int64_t>(number)) {}
  Value(int64_t number);
  Value(uint64_t number);
  Value(double number);  // shortest text that reads back equal, as Python prints it
  Value(Number number) : held_(std::move(number)) {}
  Value(const char* text) : held_(std::string(text)) {}
  Value(std::string_view text) : held_(std::string(text)) {}
  Value(std::string text) : held_(std::move(text)) {}
  Value(Array array) : held_(std::move(array)) {}
  Value(Object object) : held_(std::move(object)) {}
  // A forgotten * would make the boolean true.
  template <typename T>
  requires(!std::is_same_v<std::remove_const_t<T>, char>) Value(T*)
  = delete;

  Kind kind() const { return static_cast<Kind>(held_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_bool() const { return kind() == Kind::kBool; }
  bool is_number() const { return kind() == Kind::kNumber; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_array() const { return kind() == Kind::kArray; }
  bool is_object() const { return kind() == Kind::kObject; }

  // Each requires that kind.
  bool boolean() const { return std::get<bool>(held_); }
  const Number& number() const { return std::get<Number>(held_); }
  const std::string& string() const { return std::get<std::string>(held_); }
  const Array& array() const { return std::get<Array>(held_); }
  Array& array() { return std::get<Array>(held_); }
  const Object& object() const { return std::get<Object>(held_); }
  Object& object() { return std::get<Object>(held_); }

  // A number written as an integer that fits (1.0 and 1e2 are no integers, as in Python).
  std::optional<int64_t> AsInt64() const;
  // Any number, rounded to nearest; overflow gives infinity.
  std::optional<double> AsDouble() const;

  // The member `key` of an object; null for every other kind and for an absent key.
  const Value* Find(std::string_view key) const {
    return is_object() ? object().Find(key) : nullptr;
  }

  bool operator==(const Value& other) const = default;

 private:
  std::variant<std::monostate, bool, Number, std::string, Array, Object> held_;
};

struct Member {
  std::string key;
  Value value;
  bool operator==(const Member&) const = default;
};

inline size_t Object::size() const { return members_.size(); }
inline std::vector<Member>::const_iterator Object::begin() const { return members_.begin(); }
inline std::vector<Member>::const_iterator Object::end() const { return members_.end(); }

}  // namespace fathom::json
