// Python objects → JSON values, for what conversations are made of: dict with str keys, list, str,
// int, float, bool, None. Everything else (tuples, subclasses, keys that are numbers, a list that
// holds itself) is left to Python's json.dumps, whose word on it counts.
#pragma once

#include <Python.h>

#include "json/value.h"

namespace fathom::python {

enum class Converted {
  kYes,
  kNotHere,  // some of it is for json.dumps; `out` is unfinished
  kRaised,   // a Python exception is set
};

// With the GIL.
Converted ConvertValue(PyObject* object, json::Value* out);

}  // namespace fathom::python
