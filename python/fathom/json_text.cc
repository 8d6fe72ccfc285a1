#include "json_text.h"

#include <charconv>
#include <cmath>

namespace fathom::python {
namespace {

// Deeper values are Python's, which tells a deep one from one that holds itself.
constexpr int kMaxDepth = 100;

class Writer {
 public:
  explicit Writer(std::string* out) : out_(*out) {}

  Written Append(PyObject* value, int depth) {
    if (PyUnicode_CheckExact(value)) return AppendString(value);
    if (PyDict_CheckExact(value)) return AppendDict(value, depth + 1);
    if (PyList_CheckExact(value)) return AppendList(value, depth + 1);
    if (value == Py_None) return AppendWord("null");
    if (value == Py_True) return AppendWord("true");
    if (value == Py_False) return AppendWord("false");
    if (PyLong_CheckExact(value)) return AppendInt(value);
    if (PyFloat_CheckExact(value)) return AppendFloat(value);
    return Written::kNotHere;
  }

 private:
  Written AppendWord(const char* word) {
    out_ += word;
    return Written::kYes;
  }

  Written AppendString(PyObject* value) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(value, &size);
    if (data == nullptr) return Written::kRaised;
    out_ += '"';
    const char* plain = data;  // what is not appended yet
    for (const char* c = data; c != data + size; ++c) {
      const auto byte = static_cast<unsigned char>(*c);
      if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
      out_.append(plain, c);
      plain = c + 1;
      if (byte >= 0x20) {
        out_ += '\\';
        out_ += *c;
      } else {
        constexpr char kDigits[] = "0123456789abcdef";
        out_ += "\\u00";
        out_ += kDigits[byte >> 4];
        out_ += kDigits[byte & 15];
      }
    }
    out_.append(plain, data + size);
    out_ += '"';
    return Written::kYes;
  }

  Written AppendDict(PyObject* value, int depth) {
    if (depth > kMaxDepth) return Written::kNotHere;
    out_ += '{';
    Py_ssize_t at = 0;
    PyObject *key, *member;
    bool first = true;
    while (PyDict_Next(value, &at, &key, &member)) {
      if (!PyUnicode_CheckExact(key)) return Written::kNotHere;
      if (!first) out_ += ',';
      first = false;
      if (const Written done = AppendString(key); done != Written::kYes) return done;
      out_ += ':';
      if (const Written done = Append(member, depth); done != Written::kYes) return done;
    }
    out_ += '}';
    return Written::kYes;
  }

  Written AppendList(PyObject* value, int depth) {
    if (depth > kMaxDepth) return Written::kNotHere;
    out_ += '[';
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(value); ++i) {
      if (i > 0) out_ += ',';
      const Written done = Append(PyList_GET_ITEM(value, i), depth);
      if (done != Written::kYes) return done;
    }
    out_ += ']';
    return Written::kYes;
  }

  Written AppendInt(PyObject* value) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) return Written::kNotHere;
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    out_.append(text, end);
    return Written::kYes;
  }

  Written AppendFloat(PyObject* value) {
    const double number = PyFloat_AS_DOUBLE(value);
    if (!std::isfinite(number)) return Written::kNotHere;
    char* text = PyOS_double_to_string(number, 'r', 0, Py_DTSF_ADD_DOT_0, nullptr);
    if (text == nullptr) return Written::kRaised;
    out_ += text;
    PyMem_Free(text);
    return Written::kYes;
  }

  std::string& out_;
};

}  // namespace

Written AppendJson(PyObject* value, std::string* out) { return Writer(out).Append(value, 0); }

}  // namespace fathom::python
