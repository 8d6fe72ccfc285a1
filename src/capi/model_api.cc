// fathom_model: opening, its tokenizer, what it has read.
#include <utility>

#include "capi/boundary.h"
#include "capi/handles.h"

namespace fathom::capi {
namespace {

constexpr size_t kOptionsSize = sizeof(fathom_model_options);  // in version 0.1
constexpr size_t kWorkSize = sizeof(fathom_work);
constexpr int64_t kMostParallel = 256;

Result<bool> SwitchOf(int32_t value, std::string_view name) {
  if (value == 0 || value == 1) return value == 1;
  return InvalidArgument("{}: {} is neither 0 nor 1", name, value);
}

Result<ModelOptions> OptionsFrom(const fathom_model_options& given, std::string folder) {
  ModelOptions options;
  options.folder = std::move(folder);
  if (given.numerics != nullptr) {
    const auto numerics = ParseNumerics(given.numerics);
    if (!numerics) {
      return InvalidArgument("numerics: \"{}\" is none of reference, fast, official",
                             given.numerics);
    }
    options.numerics = *numerics;
  }
  if (given.cache_type != nullptr) {
    options.cache_type = ParseCacheType(given.cache_type);
    if (!options.cache_type) {
      return InvalidArgument("cache_type: \"{}\" is none of f32, bf16 and fp8", given.cache_type);
    }
  }
  if (given.context != 0) options.context = given.context;
  if (given.threads < 0 || given.threads > 4096) {
    return InvalidArgument("threads: {} is outside [0, 4096]", given.threads);
  }
  options.threads = given.threads;
  if (given.parallel < 0 || given.parallel > kMostParallel) {
    return InvalidArgument("parallel: {} is outside [0, {}]", given.parallel, kMostParallel);
  }
  options.sequences = given.parallel == 0 ? 1 : given.parallel;
  options.logit_rows = options.sequences;
  FATHOM_ASSIGN_OR_RETURN(options.weights_from_disk,
                          SwitchOf(given.weights_from_disk, "weights_from_disk"));
  FATHOM_ASSIGN_OR_RETURN(const bool unchecked, SwitchOf(given.no_weight_check, "no_weight_check"));
  options.read_weights = !unchecked;
  return options;
}

}  // namespace
}  // namespace fathom::capi

using namespace fathom;
using namespace fathom::capi;

extern "C" {

fathom_code fathom_model_open(const char* folder, size_t folder_size,
                              const fathom_model_options* options, fathom_model** out) {
  if (out != nullptr) *out = nullptr;
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    FATHOM_ASSIGN_OR_RETURN(std::string path, PathOf(folder, folder_size, "folder"));
    fathom_model_options given = {};
    if (options != nullptr) {
      FATHOM_ASSIGN_OR_RETURN(given, ReadSized(options, kOptionsSize, "options"));
    }
    FATHOM_ASSIGN_OR_RETURN(const ModelOptions read, OptionsFrom(given, std::move(path)));
    std::function<Status(int64_t, int64_t)> progress;
    if (given.progress != nullptr) {
      progress = [&given](int64_t done, int64_t total) -> Status {
        if (given.progress(done, total, given.user) == 0) return {};
        return Cancelled("the progress callback asked to stop");
      };
    }
    FATHOM_ASSIGN_OR_RETURN(std::shared_ptr<SharedModel> model, SharedModel::Open(read, progress));
    *out = new fathom_model{std::move(model)};
    return {};
  });
}

void fathom_model_free(fathom_model* model) { delete model; }

fathom_code fathom_model_tokenizer(const fathom_model* model, fathom_tokenizer** out) {
  if (out != nullptr) *out = nullptr;
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(model, "model"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    *out = new fathom_tokenizer{{model->model, &model->model->tokenizer()}};
    return {};
  });
}

int64_t fathom_model_context(const fathom_model* model) {
  return model == nullptr ? 0 : model->model->context();
}

fathom_code fathom_model_work(const fathom_model* model, fathom_work* out) {
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(model, "model"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    FATHOM_ASSIGN_OR_RETURN(const WorkCounters work, model->model->Work());
    const fathom_work figures = {.struct_size = sizeof(fathom_work),
                                 .queries = work.sparse_rows + work.dense_rows,
                                 .keys_read = work.latent_rows_read,
                                 .keys_held = work.latent_rows_held,
                                 .index_keys_read = work.index_keys_read};
    return WriteSized(figures, kWorkSize, "out", out);
  });
}

}  // extern "C"
