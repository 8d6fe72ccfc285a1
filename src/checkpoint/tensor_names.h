// The tensors that a DeepSeek-V3.2 checkpoint holds: names, shapes and types as its config demands
// (spec 2), and the shorter names of the official inference code (spec 2.7).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/model_config.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace fathom {

enum class TensorKind {
  kEmbedding,
  kHead,
  kNorm,
  kAttention,
  kIndexer,
  kDenseMlp,
  kRouter,
  kExpert,
  kSharedExpert,
  kMtp,  // what only an MTP layer has; the decoder layer inside it has the kinds above
  kCount
};

std::string_view Name(TensorKind kind);  // "shared experts" and so on, for tables

// How a tensor may be stored. Plain floats are F32, BF16 or F16; wider than the published type
// loses nothing.
enum class Storage {
  kMatrix,  // F8_E4M3 with scales, or plain floats
  kBF16,    // plain floats; published as BF16
  kF32,     // plain floats; published as F32
};

struct TensorSpec {
  std::string name = {};
  TensorKind kind = TensorKind::kNorm;
  Storage storage = Storage::kBF16;
  Shape shape = {};
  int64_t layer = -1;     // -1: outside the layers
  bool optional = false;  // the MTP layer's copies of embedding and head, which need not be there

  // The type in a published checkpoint, whose matrices are F8_E4M3 when the config says so.
  DType PublishedType(const ModelConfig& config) const;
};

enum class Mtp { kAbsent, kPresent };

// Every tensor of the model, in the order of the layers. Scales are not listed: a matrix stored as
// F8_E4M3 is accompanied by ScaleName(name) of shape ScaleShape(shape).
std::vector<TensorSpec> ModelTensors(const ModelConfig& config, Mtp mtp);

// "….weight" → "….weight_scale_inv"
std::string ScaleName(std::string_view weight_name);
// One scale a tile of 128×128, partial tiles included.
Shape ScaleShape(const Shape& weight_shape);

// "model.layers.61.", where the MTP layer's tensors stand.
std::string MtpPrefix(const ModelConfig& config);

// Names of the published files ↔ names of the official inference code:
// "model.layers.3.self_attn.q_a_proj.weight" ↔ "layers.3.attn.wq_a.weight".
std::string ReferenceName(std::string_view published);
std::string PublishedName(std::string_view reference);

}  // namespace fathom
