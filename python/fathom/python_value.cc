#include "python_value.h"

#include <cmath>
#include <string>
#include <utility>

namespace fathom::python {
namespace {

// Deeper objects are for json.dumps, which tells a deep one from one that holds itself.
constexpr int kMaxDepth = 100;

Converted ConvertText(PyObject* object, std::string* out) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(object, &size);
  if (data == nullptr) return Converted::kRaised;
  out->assign(data, static_cast<size_t>(size));
  return Converted::kYes;
}

Converted Convert(PyObject* object, int depth, json::Value* out);

Converted ConvertDict(PyObject* object, int depth, json::Value* out) {
  if (depth > kMaxDepth) return Converted::kNotHere;
  json::Object members;
  Py_ssize_t at = 0;
  PyObject *key, *member;
  while (PyDict_Next(object, &at, &key, &member)) {
    if (!PyUnicode_CheckExact(key)) return Converted::kNotHere;
    std::string name;
    if (const Converted done = ConvertText(key, &name); done != Converted::kYes) return done;
    json::Value& value = members.Set(std::move(name), {});
    if (const Converted done = Convert(member, depth, &value); done != Converted::kYes) return done;
  }
  *out = std::move(members);
  return Converted::kYes;
}

Converted ConvertList(PyObject* object, int depth, json::Value* out) {
  if (depth > kMaxDepth) return Converted::kNotHere;
  json::Array items(static_cast<size_t>(PyList_GET_SIZE(object)));
  for (size_t i = 0; i < items.size(); ++i) {
    PyObject* item = PyList_GET_ITEM(object, static_cast<Py_ssize_t>(i));
    if (const Converted done = Convert(item, depth, &items[i]); done != Converted::kYes) {
      return done;
    }
  }
  *out = std::move(items);
  return Converted::kYes;
}

Converted Convert(PyObject* object, int depth, json::Value* out) {
  if (PyUnicode_CheckExact(object)) {
    std::string text;
    const Converted done = ConvertText(object, &text);
    *out = std::move(text);
    return done;
  }
  if (PyDict_CheckExact(object)) return ConvertDict(object, depth + 1, out);
  if (PyList_CheckExact(object)) return ConvertList(object, depth + 1, out);
  if (object == Py_None) return Converted::kYes;
  if (PyBool_Check(object)) {
    *out = object == Py_True;
    return Converted::kYes;
  }
  if (PyLong_CheckExact(object)) {
    int overflow = 0;
    *out = static_cast<int64_t>(PyLong_AsLongLongAndOverflow(object, &overflow));
    return overflow == 0 ? Converted::kYes : Converted::kNotHere;
  }
  if (PyFloat_CheckExact(object) && std::isfinite(PyFloat_AS_DOUBLE(object))) {
    *out = PyFloat_AS_DOUBLE(object);
    return Converted::kYes;
  }
  return Converted::kNotHere;
}

}  // namespace

Converted ConvertValue(PyObject* object, json::Value* out) { return Convert(object, 0, out); }

}  // namespace fathom::python
