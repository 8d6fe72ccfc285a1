// The module fathom._core: fathom.h as Python objects, one to one, but for encode_messages, which
// takes a shorter way. What reads well in Python stands in the .py files beside it.
//
// The GIL is released wherever the library works, and signals are looked at between steps, so that
// Ctrl-C arrives within one.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "capi/fathom.h"
#include "chat/reference_call.h"
#include "python_value.h"

namespace py = pybind11;

namespace {

using fathom::python::Converted;
using fathom::python::ConvertValue;

// fathom.Error and its cousin for the official encoder's exceptions, made in the module below.
py::handle library_error, official_error;

// Throws the last failure as Python's nearest exception.
[[noreturn]] void Raise(fathom_code code) {
  const char* text = fathom_last_error();
  if (const std::string_view type = fathom_last_error_type(); !type.empty()) {
    PyErr_SetObject(official_error.ptr(), py::make_tuple(type, text).ptr());
    throw py::error_already_set();
  }
  PyObject* kind = library_error.ptr();
  if (code == FATHOM_INVALID_ARGUMENT) kind = PyExc_ValueError;
  if (code == FATHOM_NOT_FOUND) kind = PyExc_FileNotFoundError;
  if (code == FATHOM_RESOURCE_EXHAUSTED || code == FATHOM_OUT_OF_MEMORY) kind = PyExc_MemoryError;
  PyErr_SetString(kind, text);
  throw py::error_already_set();
}

// Runs `work` without the GIL.
template <typename Work>
void Call(Work work) {
  fathom_code code;
  {
    const py::gil_scoped_release released;
    code = work();
  }
  if (code != FATHOM_OK) Raise(code);
}

// The UTF-8 of a str, which lives as long as it does. A lone surrogate is Python's own error.
std::string_view Utf8(const py::str& text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data == nullptr) throw py::error_already_set();
  return {data, static_cast<size_t>(size)};
}

py::str Taken(fathom_string* text) {
  const std::unique_ptr<fathom_string, void (*)(fathom_string*)> owner(text, fathom_string_free);
  PyObject* made = PyUnicode_DecodeUTF8(text->data, static_cast<Py_ssize_t>(text->size), "strict");
  if (made == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(made);
}

// json.dumps(object, ensure_ascii=False).
py::str JsonOf(const py::handle object) {
  using namespace py::literals;
  return py::module_::import("json").attr("dumps")(object, "ensure_ascii"_a = false);
}

using JsonFunction = fathom_code (*)(const char*, size_t, fathom_string*);

template <JsonFunction function>
py::str CallJson(const py::dict& arguments) {
  const py::str json = JsonOf(arguments);
  const std::string_view text = Utf8(json);
  fathom_string out;
  Call([&] { return function(text.data(), text.size(), &out); });
  return Taken(&out);
}

// Goes past the C API: writing and reading the arguments as JSON text was half of its time.
py::str EncodeMessages(const py::dict& arguments) {
  fathom::json::Value value;
  switch (ConvertValue(arguments.ptr(), &value)) {
    case Converted::kYes:
      break;
    case Converted::kRaised:
      throw py::error_already_set();
    case Converted::kNotHere:
      return CallJson<fathom_encode_messages>(arguments);
  }
  const auto outcome = [&] {
    const py::gil_scoped_release released;
    return fathom::chat::CallEncodeMessages(std::move(value));
  }();
  if (outcome.ok()) return py::str(outcome->Joined());
  const fathom::chat::PythonError& error = outcome.error();
  PyErr_SetObject(official_error.ptr(),
                  py::make_tuple(fathom::chat::Name(error.type), error.message).ptr());
  throw py::error_already_set();
}

struct FreeDecoder {
  void operator()(fathom_decoder* decoder) const { fathom_decoder_free(decoder); }
};
using Decoder = std::unique_ptr<fathom_decoder, FreeDecoder>;

py::str Push(const Decoder& decoder, int32_t id) {
  fathom_string out;
  if (const fathom_code code = fathom_decoder_push(decoder.get(), id, &out); code != FATHOM_OK) {
    Raise(code);
  }
  return Taken(&out);
}

py::str Flush(const Decoder& decoder) {
  fathom_string out;
  if (const fathom_code code = fathom_decoder_flush(decoder.get(), &out); code != FATHOM_OK) {
    Raise(code);
  }
  return Taken(&out);
}

struct FreeTokenizer {
  void operator()(fathom_tokenizer* tokenizer) const { fathom_tokenizer_free(tokenizer); }
};
using Tokenizer = std::unique_ptr<fathom_tokenizer, FreeTokenizer>;

Tokenizer OpenTokenizer(const py::str& path) {
  const std::string_view text = Utf8(path);
  fathom_tokenizer* tokenizer = nullptr;
  Call([&] { return fathom_tokenizer_open(text.data(), text.size(), &tokenizer); });
  return Tokenizer(tokenizer);
}

py::list Encode(const Tokenizer& tokenizer, const py::str& text, bool allow_special) {
  const std::string_view bytes = Utf8(text);
  fathom_tokens tokens;
  Call([&] {
    return fathom_tokenizer_encode(tokenizer.get(), bytes.data(), bytes.size(), allow_special,
                                   &tokens);
  });
  const std::unique_ptr<fathom_tokens, void (*)(fathom_tokens*)> owner(&tokens, fathom_tokens_free);
  py::list ids(tokens.size);
  for (size_t i = 0; i < tokens.size; ++i) ids[i] = py::int_(tokens.data[i]);
  return ids;
}

py::str Decode(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  fathom_string out;
  Call([&] { return fathom_tokenizer_decode(tokenizer.get(), ids.data(), ids.size(), &out); });
  return Taken(&out);
}

std::optional<int32_t> TokenId(const Tokenizer& tokenizer, const py::bytes& bytes) {
  const std::string_view view = bytes;
  int32_t id = -1;
  const fathom_code code =
      fathom_tokenizer_token_id(tokenizer.get(), view.data(), view.size(), &id);
  if (code == FATHOM_NOT_FOUND) return std::nullopt;
  if (code != FATHOM_OK) Raise(code);
  return id;
}

Decoder NewDecoder(const Tokenizer& tokenizer) {
  fathom_decoder* decoder = nullptr;
  const fathom_code code = fathom_decoder_new(tokenizer.get(), &decoder);
  if (code != FATHOM_OK) Raise(code);
  return Decoder(decoder);
}

// Freeing waits for a step of another thread, which must not wait for the GIL meanwhile.
struct FreeGeneration {
  void operator()(fathom_generation* generation) const {
    const py::gil_scoped_release released;
    fathom_generation_free(generation);
  }
};

// One thread at a time in the library; Python may bring several.
struct Generation {
  std::unique_ptr<fathom_generation, FreeGeneration> handle;
  std::unique_ptr<std::mutex> mutex = std::make_unique<std::mutex>();
};

// (kind, call, token, text, prompt_done, prompt_total)
py::tuple Next(const Generation& generation) {
  fathom_event event = FATHOM_INIT(fathom_event);
  std::string text;
  Call([&] {
    const std::lock_guard lock(*generation.mutex);
    const fathom_code code = fathom_generation_next(generation.handle.get(), &event);
    if (code == FATHOM_OK) text.assign(event.text, event.text_size);
    return code;
  });
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  return py::make_tuple(event.kind, event.call, event.token, text, event.prompt_done,
                        event.prompt_total);
}

py::str AnswerOf(const Generation& generation) {
  fathom_string out;
  Call([&] {
    const std::lock_guard lock(*generation.mutex);
    return fathom_generation_answer(generation.handle.get(), &out);
  });
  return Taken(&out);
}

py::dict FiguresOf(const Generation& generation) {
  fathom_figures figures = FATHOM_INIT(fathom_figures);
  Call([&] {
    const std::lock_guard lock(*generation.mutex);
    return fathom_generation_figures(generation.handle.get(), &figures);
  });
  using namespace py::literals;
  return py::dict("prompt_tokens"_a = figures.prompt_tokens,
                  "cached_tokens"_a = figures.cached_tokens,
                  "completion_tokens"_a = figures.completion_tokens,
                  "prompt_seconds"_a = figures.prompt_seconds,
                  "completion_seconds"_a = figures.completion_seconds, "seed"_a = figures.seed);
}

struct FreeModel {
  void operator()(fathom_model* model) const { fathom_model_free(model); }
};
using Model = std::unique_ptr<fathom_model, FreeModel>;

// Calls Python while a model is read. What Python raises ends the reading and is raised after it.
struct LoadProgress {
  py::object function;
  std::exception_ptr raised = nullptr;

  static int Report(int64_t done, int64_t total, void* user) {
    auto& self = *static_cast<LoadProgress*>(user);
    const py::gil_scoped_acquire acquired;
    try {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (!self.function.is_none()) self.function(done, total);
    } catch (...) {
      self.raised = std::current_exception();
      return 1;
    }
    return 0;
  }
};

Model OpenModel(const py::str& folder, const std::string& numerics,
                const std::optional<std::string>& cache_type, std::optional<int64_t> context,
                int32_t threads, int32_t parallel, bool weights_from_disk, bool weight_check,
                py::object progress) {
  const std::string_view path = Utf8(folder);
  LoadProgress report{std::move(progress)};
  fathom_model_options options = FATHOM_INIT(fathom_model_options);
  options.numerics = numerics.c_str();
  options.cache_type = cache_type ? cache_type->c_str() : nullptr;
  options.context = context.value_or(0);
  options.threads = threads;
  options.parallel = parallel;
  options.weights_from_disk = weights_from_disk;
  options.no_weight_check = !weight_check;
  options.progress = LoadProgress::Report;
  options.user = &report;
  fathom_model* model = nullptr;
  fathom_code code;
  {
    const py::gil_scoped_release released;
    code = fathom_model_open(path.data(), path.size(), &options, &model);
  }
  if (report.raised) std::rethrow_exception(report.raised);
  if (code != FATHOM_OK) Raise(code);
  return Model(model);
}

Tokenizer TokenizerOf(const Model& model) {
  fathom_tokenizer* tokenizer = nullptr;
  const fathom_code code = fathom_model_tokenizer(model.get(), &tokenizer);
  if (code != FATHOM_OK) Raise(code);
  return Tokenizer(tokenizer);
}

py::dict WorkOf(const Model& model) {
  fathom_work work = FATHOM_INIT(fathom_work);
  Call([&] { return fathom_model_work(model.get(), &work); });
  using namespace py::literals;
  return py::dict("queries"_a = work.queries, "keys_read"_a = work.keys_read,
                  "keys_held"_a = work.keys_held, "index_keys_read"_a = work.index_keys_read);
}

Generation Start(const Model& model, const py::dict& request) {
  const py::str json = JsonOf(request);
  const std::string_view text = Utf8(json);
  fathom_generation* generation = nullptr;
  Call([&] { return fathom_generation_start(model.get(), text.data(), text.size(), &generation); });
  Generation made;
  made.handle.reset(generation);
  return made;
}

// A handle class in Python: an owner that is moved in.
template <typename Owner>
struct Held {
  Owner owner;
};

}  // namespace

PYBIND11_MODULE(_core, module) {
  // The exceptions live as long as the process, as the module does.
  library_error = py::exception<void>(module, "Error", PyExc_RuntimeError).release();
  official_error = py::exception<void>(module, "OfficialError", PyExc_Exception).release();
  module.attr("__version__") = fathom_version();
  module.def("encode_messages", EncodeMessages);
  module.def("parse_message", CallJson<fathom_parse_message>);

  py::class_<Held<Decoder>>(module, "Decoder")
      .def("push", [](const Held<Decoder>& self, int32_t id) { return Push(self.owner, id); })
      .def("flush", [](const Held<Decoder>& self) { return Flush(self.owner); });

  py::class_<Held<Tokenizer>>(module, "Tokenizer")
      .def(py::init([](const py::str& path) { return Held<Tokenizer>{OpenTokenizer(path)}; }))
      .def("encode", [](const Held<Tokenizer>& self, const py::str& text,
                        bool allow_special) { return Encode(self.owner, text, allow_special); })
      .def("decode", [](const Held<Tokenizer>& self,
                        const std::vector<int32_t>& ids) { return Decode(self.owner, ids); })
      .def("token_id", [](const Held<Tokenizer>& self,
                          const py::bytes& bytes) { return TokenId(self.owner, bytes); })
      .def("id_limit",
           [](const Held<Tokenizer>& self) { return fathom_tokenizer_id_limit(self.owner.get()); })
      .def("decoder",
           [](const Held<Tokenizer>& self) { return Held<Decoder>{NewDecoder(self.owner)}; });

  py::class_<Generation>(module, "Generation")
      .def("next", Next)
      .def("cancel", [](const Generation& self) { fathom_generation_cancel(self.handle.get()); })
      .def("answer", AnswerOf)
      .def("figures", FiguresOf);

  py::class_<Held<Model>>(module, "Model")
      .def(py::init([](const py::str& folder, const std::string& numerics,
                       const std::optional<std::string>& cache_type, std::optional<int64_t> context,
                       int32_t threads, int32_t parallel, bool weights_from_disk, bool weight_check,
                       py::object progress) {
        return Held<Model>{OpenModel(folder, numerics, cache_type, context, threads, parallel,
                                     weights_from_disk, weight_check, std::move(progress))};
      }))
      .def("tokenizer",
           [](const Held<Model>& self) { return Held<Tokenizer>{TokenizerOf(self.owner)}; })
      .def("context",
           [](const Held<Model>& self) { return fathom_model_context(self.owner.get()); })
      .def("work", [](const Held<Model>& self) { return WorkOf(self.owner); })
      .def("start", [](const Held<Model>& self, const py::dict& request) {
        return Start(self.owner, request);
      });
}
