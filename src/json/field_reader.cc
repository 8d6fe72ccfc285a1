#include "json/field_reader.h"

#include <cmath>

#include "json/write.h"

namespace fathom::json {
namespace {

Status Missing(const std::string& path) { return InvalidArgument("{}: missing", path); }

// A number for a message: its text, unless that is long enough to bury the message.
std::string Shown(const Value& number) {
  constexpr size_t kLongest = 40;
  const std::string& text = number.number().text;
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

}  // namespace

Status WrongKind(std::string_view path, std::string_view wanted, const Value& found) {
  return InvalidArgument("{}{}expected {}, found {}", path, path.empty() ? "" : ": ", wanted,
                         KindName(found.kind()));
}

Status TooMany(std::string_view path, std::string_view things, size_t count, size_t most) {
  return InvalidArgument("{}: {} {}, at most {} are taken", path, count, things, most);
}

Result<const Object*> AsObject(const Value& value, std::string_view path) {
  if (!value.is_object()) return WrongKind(path, "object", value);
  return &value.object();
}

std::string FieldReader::PathOf(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

bool FieldReader::AbsentOrNull(std::string_view name) const {
  const Value* value = object_.Find(name);
  return value == nullptr || value->is_null();
}

Result<int64_t> FieldReader::Int(std::string_view name, int64_t low, int64_t high) const {
  const Value* value = object_.Find(name);
  if (value == nullptr) return Missing(PathOf(name));
  const auto number = value->AsInt64();
  if (!number) {
    if (!value->is_number()) return WrongKind(PathOf(name), "integer", *value);
    if (!IsIntegerText(value->number().text)) {
      return InvalidArgument("{}: expected integer, found {}", PathOf(name), Shown(*value));
    }
  }
  if (!number || *number < low || *number > high) {
    return InvalidArgument("{}: {} is outside [{}, {}]", PathOf(name), Shown(*value), low, high);
  }
  return *number;
}

Result<double> FieldReader::Number(std::string_view name, double low, double high) const {
  const Value* value = object_.Find(name);
  if (value == nullptr) return Missing(PathOf(name));
  const auto number = value->AsDouble();
  if (!number) return WrongKind(PathOf(name), "number", *value);
  if (!std::isfinite(*number)) {
    return InvalidArgument("{}: expected a finite number, found {}", PathOf(name), Shown(*value));
  }
  if (*number < low || *number > high) {
    return InvalidArgument("{}: {} is outside [{}, {}]", PathOf(name), Shown(*value), low, high);
  }
  return *number;
}

Result<bool> FieldReader::Bool(std::string_view name) const {
  const Value* value = object_.Find(name);
  if (value == nullptr) return Missing(PathOf(name));
  if (!value->is_bool()) return WrongKind(PathOf(name), "boolean", *value);
  return value->boolean();
}

Result<std::string> FieldReader::String(std::string_view name) const {
  const Value* value = object_.Find(name);
  if (value == nullptr) return Missing(PathOf(name));
  if (!value->is_string()) return WrongKind(PathOf(name), "string", *value);
  return value->string();
}

Result<const Object*> FieldReader::Obj(std::string_view name) const {
  const Value* value = object_.Find(name);
  if (value == nullptr) return Missing(PathOf(name));
  return AsObject(*value, PathOf(name));
}

Result<const Array*> FieldReader::Arr(std::string_view name) const {
  const Value* value = object_.Find(name);
  if (value == nullptr) return Missing(PathOf(name));
  if (!value->is_array()) return WrongKind(PathOf(name), "array", *value);
  return &value->array();
}

Result<int64_t> FieldReader::IntOr(std::string_view name, int64_t otherwise, int64_t low,
                                   int64_t high) const {
  if (AbsentOrNull(name)) return otherwise;
  return Int(name, low, high);
}

Result<double> FieldReader::NumberOr(std::string_view name, double otherwise, double low,
                                     double high) const {
  if (AbsentOrNull(name)) return otherwise;
  return Number(name, low, high);
}

Result<bool> FieldReader::BoolOr(std::string_view name, bool otherwise) const {
  if (AbsentOrNull(name)) return otherwise;
  return Bool(name);
}

Result<std::string> FieldReader::StringOr(std::string_view name, std::string otherwise) const {
  if (AbsentOrNull(name)) return otherwise;
  return String(name);
}

}  // namespace fathom::json
