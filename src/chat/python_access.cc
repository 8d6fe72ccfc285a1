#include "chat/python_access.h"

#include "base/utf8.h"
#include "json/python_repr.h"
#include "json/write.h"

namespace fathom::chat {
namespace {

PythonError TypeError(std::string message) { return {ErrorType::kTypeError, std::move(message)}; }

}  // namespace

std::string_view Name(ErrorType type) {
  switch (type) {
    case ErrorType::kAssertionError:
      return "AssertionError";
    case ErrorType::kNotImplementedError:
      return "NotImplementedError";
    case ErrorType::kJSONDecodeError:
      return "JSONDecodeError";
    case ErrorType::kTypeError:
      return "TypeError";
    case ErrorType::kAttributeError:
      return "AttributeError";
    case ErrorType::kKeyError:
      return "KeyError";
  }
  return "Exception";
}

Status PythonError::ToStatus() const {
  if (message.empty()) return InvalidArgument("{}", Name(type));
  return InvalidArgument("{}: {}", Name(type), message);
}

std::string_view PythonTypeName(const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::kNull:
      return "NoneType";
    case json::Kind::kBool:
      return "bool";
    case json::Kind::kNumber:
      return json::IsIntegerText(value.number().text) ? "int" : "float";
    case json::Kind::kString:
      return "str";
    case json::Kind::kArray:
      return "list";
    case json::Kind::kObject:
      return "dict";
  }
  return "object";
}

bool Truthy(const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::kNull:
      return false;
    case json::Kind::kBool:
      return value.boolean();
    case json::Kind::kNumber:
      return json::NumberToDouble(value.number().text) != 0;
    case json::Kind::kString:
      return !value.string().empty();
    case json::Kind::kArray:
      return !value.array().empty();
    case json::Kind::kObject:
      return !value.object().empty();
  }
  return false;
}

Outcome<const json::Value*> Get(const json::Value& value, std::string_view key) {
  static const json::Value none;
  if (!value.is_object()) {
    return PythonError{ErrorType::kAttributeError,
                       fmt::format("'{}' object has no attribute 'get'", PythonTypeName(value))};
  }
  const json::Value* found = value.Find(key);
  return found != nullptr ? found : &none;
}

Outcome<const json::Value*> Subscript(const json::Value& value, std::string_view key) {
  switch (value.kind()) {
    case json::Kind::kObject: {
      if (const json::Value* found = value.Find(key)) return found;
      return PythonError{ErrorType::kKeyError, json::PythonRepr(json::Value(key))};
    }
    case json::Kind::kArray:
      return TypeError("list indices must be integers or slices, not str");
    case json::Kind::kString:
      return TypeError("string indices must be integers, not 'str'");
    default:
      return TypeError(fmt::format("'{}' object is not subscriptable", PythonTypeName(value)));
  }
}

Outcome<std::vector<const json::Value*>> SubscriptEach(const json::Value& value,
                                                       std::string_view key) {
  std::vector<const json::Value*> found;
  if (value.is_array()) {
    for (const json::Value& element : value.array()) {
      Outcome<const json::Value*> one = Subscript(element, key);
      if (!one.ok()) return one.error();
      found.push_back(*one);
    }
    return found;
  }
  // A dict yields its keys and a string its characters; the first of these strings already fails.
  if (value.is_object() || value.is_string()) {
    if (!Truthy(value)) return found;
    return Subscript(json::Value(""), key).error();
  }
  return TypeError(fmt::format("'{}' object is not iterable", PythonTypeName(value)));
}

Outcome<size_t> Length(const json::Value& value) {
  if (value.is_array()) return value.array().size();
  if (value.is_object()) return value.object().size();
  if (value.is_string()) return CountUtf8(value.string());
  return TypeError(fmt::format("object of type '{}' has no len()", PythonTypeName(value)));
}

}  // namespace fathom::chat
