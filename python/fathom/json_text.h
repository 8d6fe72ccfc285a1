// Python objects → JSON text, for what conversations are made of: dict with str keys, list, str,
// int, float, bool, None. Everything else (tuples, subclasses, keys that are numbers, a list that
// holds itself) is left to Python's own encoder, whose word on it counts.
#pragma once

#include <Python.h>

#include <string>

namespace fathom::python {

enum class Written {
  kYes,
  kNotHere,  // some of it is for Python's encoder; `out` holds an unfinished text
  kRaised,   // a Python exception is set
};

// Appends the text of `value`. With the GIL.
Written AppendJson(PyObject* value, std::string* out);

}  // namespace fathom::python
