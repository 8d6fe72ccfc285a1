// Typed access to the members of an object, with paths in the errors:
// "messages[2].content: expected string, found number".
//
//   FieldReader fields(value, "config");
//   FATHOM_ASSIGN_OR_RETURN(int64_t size, fields.Int("hidden_size", 1, 1 << 20));
//   FATHOM_ASSIGN_OR_RETURN(double eps, fields.NumberOr("rms_norm_eps", 1e-6));
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/status.h"
#include "json/value.h"

namespace fathom::json {

class FieldReader {
 public:
  // `object` outlives the reader and is an object; check with AsObject below. `path` may be empty.
  FieldReader(const Object& object, std::string path) : object_(object), path_(std::move(path)) {}

  const Object& object() const { return object_; }
  const std::string& path() const { return path_; }
  bool Has(std::string_view name) const { return object_.Has(name); }

  // Each fails when the member is absent, has another kind or lies outside [low, high]. Number
  // gives finite ones only.
  Result<int64_t> Int(std::string_view name, int64_t low = std::numeric_limits<int64_t>::min(),
                      int64_t high = std::numeric_limits<int64_t>::max()) const;
  Result<double> Number(std::string_view name,
                        double low = -std::numeric_limits<double>::infinity(),
                        double high = std::numeric_limits<double>::infinity()) const;
  Result<bool> Bool(std::string_view name) const;
  Result<std::string> String(std::string_view name) const;
  Result<const Object*> Obj(std::string_view name) const;
  Result<const Array*> Arr(std::string_view name) const;

  // The same, with a value for an absent or null member.
  Result<int64_t> IntOr(std::string_view name, int64_t otherwise,
                        int64_t low = std::numeric_limits<int64_t>::min(),
                        int64_t high = std::numeric_limits<int64_t>::max()) const;
  Result<double> NumberOr(std::string_view name, double otherwise,
                          double low = -std::numeric_limits<double>::infinity(),
                          double high = std::numeric_limits<double>::infinity()) const;
  Result<bool> BoolOr(std::string_view name, bool otherwise) const;
  Result<std::string> StringOr(std::string_view name, std::string otherwise) const;

  // "path.name", for messages about a member.
  std::string PathOf(std::string_view name) const;

 private:
  bool AbsentOrNull(std::string_view name) const;

  const Object& object_;
  std::string path_;
};

// `value` as an object, or "path: expected object, found array".
Result<const Object*> AsObject(const Value& value, std::string_view path);

// "path: expected WANTED, found KIND".
Status WrongKind(std::string_view path, std::string_view wanted, const Value& found);

// `count` things at `path` where `most` are taken: "tools: 600 tools, at most 512 are taken".
Status TooMany(std::string_view path, std::string_view things, size_t count, size_t most);

}  // namespace fathom::json
