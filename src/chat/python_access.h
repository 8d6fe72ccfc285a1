// What Python's operators do with a JSON value of any kind: truth, x["key"], x.get(), len(x).
//
// The official encoder never checks what it is given, it lets these operators fail. To refuse what
// it refuses, with its words, the same operators stand here; Python 3.11's texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/python_error.h"
#include "json/value.h"

namespace fathom::chat {

// "NoneType", "bool", "int", "float", "str", "list" or "dict".
std::string_view PythonTypeName(const json::Value& value);

// bool(value): null, false, zero and everything empty are false.
bool Truthy(const json::Value& value);

// value.get(key): None (a null value) when absent, AttributeError when `value` is no dict. The
// pointer is never null.
Outcome<const json::Value*> Get(const json::Value& value, std::string_view key);

// value[key] with a string key: KeyError or TypeError.
Outcome<const json::Value*> Subscript(const json::Value& value, std::string_view key);

// [x[key] for x in value].
Outcome<std::vector<const json::Value*>> SubscriptEach(const json::Value& value,
                                                       std::string_view key);

// len(value), in characters for a string.
Outcome<size_t> Length(const json::Value& value);

}  // namespace fathom::chat
