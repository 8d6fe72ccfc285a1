// What the model may ask of a device.
//
// An operation is a whole step such as "index scores", so that a device may cut it as it likes.
// Operations are queued and run in order; one may use what an earlier one wrote. The host calls
// Wait() before it reads an output or changes memory that an operation reads. Shapes are the
// model's business: they are checked once, when it is loaded, and by FATHOM_DCHECK here.
//
// Whatever the backend, a row of an output depends on that row of the inputs and on the cache, and
// not on the number of rows, the threads or the cut: the same prompt gives the same bits.
#pragma once

#include <cstdint>
#include <string>

#include "backend/buffer.h"
#include "backend/op_params.h"
#include "base/status.h"

namespace fathom {

// How numbers are treated; docs/numerics.md states the error of each.
enum class Numerics {
  kReference,  // f32 activations, weights dequantised exactly: what the golden data was made with
  kFast,       // the default: may round activations where the hardware is faster for it
  kOfficial,   // rounds wherever DeepSeek's own inference code does
};

// What was really read, counted where it is read.
struct WorkCounters {
  int64_t latent_rows_read = 0;  // cache rows that attention read, per query row
  int64_t latent_rows_held = 0;  // those it would have read without selection
  int64_t index_keys_read = 0;   // keys that were scored
  int64_t dense_rows = 0;        // query rows in the multi-head form
  int64_t sparse_rows = 0;       // query rows in the absorbed form
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string Name() const = 0;  // "cpu (avx2, 2 threads)"
  virtual Numerics numerics() const = 0;

  // Zeroed memory. kResourceExhausted when it cannot be had.
  virtual Result<Buffer> Allocate(size_t bytes) = 0;
  virtual void Wait() = 0;

  virtual void Embed(const EmbedParams& params) = 0;
  virtual void RmsNorm(const RmsNormParams& params) = 0;
  virtual void AddRmsNorm(const AddRmsNormParams& params) = 0;
  virtual void LayerNorm(const LayerNormParams& params) = 0;
  virtual void Linear(const LinearParams& params) = 0;
  virtual void Rope(const RopeParams& params) = 0;
  virtual void Hadamard(const HadamardParams& params) = 0;
  virtual void WriteLatents(const WriteLatentsParams& params) = 0;
  virtual void WriteIndexKeys(const WriteIndexKeysParams& params) = 0;
  virtual void IndexScores(const IndexScoresParams& params) = 0;
  virtual void TopK(const TopKParams& params) = 0;
  virtual void AbsorbQueries(const AbsorbQueriesParams& params) = 0;
  virtual void SparseMla(const SparseMlaParams& params) = 0;
  virtual void ProjectValues(const ProjectValuesParams& params) = 0;
  virtual void DenseMla(const DenseMlaParams& params) = 0;
  virtual void RouteExperts(const RouteExpertsParams& params) = 0;
  virtual void Experts(const ExpertsParams& params) = 0;
  virtual void SwiGlu(const SwiGluParams& params) = 0;
  virtual void Add(const AddParams& params) = 0;
  virtual void GatherRows(const GatherRowsParams& params) = 0;

  // Since the backend was made or the counters were last reset.
  virtual WorkCounters counters() const = 0;
  virtual void ResetCounters() = 0;
};

}  // namespace fathom
