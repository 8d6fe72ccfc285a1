// A model folder, opened and checked: config.json, generation_config.json and the tensors.
//
// Whoever holds a Checkpoint need not check again: every tensor that the config demands is there in
// the right shape and a type that can be read, each F8_E4M3 matrix has its scales, and nothing else
// is there that could mean something. (A leftover "…inv_freq" table is passed over; any other
// unknown tensor is refused, since a bias or an input scale that is silently ignored makes every
// answer wrong.) Values are not looked at: see weight_check.h.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "checkpoint/generation_config.h"
#include "checkpoint/model_config.h"
#include "checkpoint/tensor_source.h"
#include "quant/matrix_view.h"

namespace fathom {

struct Checkpoint {
  std::string folder;
  ModelConfig config;
  GenerationConfig generation;
  TensorSource tensors;
  // The config's MTP layer is stored too; published checkpoints may be stripped of it.
  bool has_mtp = false;

  // Tensors that ModelTensors lists for this model. They point into the mapped files.
  MatrixView Matrix(std::string_view name) const;  // with its scales where it is F8_E4M3
  TensorView Plain(std::string_view name) const;
};

Result<Checkpoint> OpenCheckpoint(const std::string& folder);

}  // namespace fathom
