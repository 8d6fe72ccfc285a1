// Writes a checkpoint of random weights in the published format, at any size and in constant
// memory: config.json, generation_config.json, shards and their index.
//
// For tests and benchmarks at true dimensions, where the values do not matter but the shapes, the
// types and the file layout do. config.json is written last: a folder that an interrupted run
// leaves behind (if it could not even clean up) is no model folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "checkpoint/model_config.h"
#include "checkpoint/progress.h"
#include "checkpoint/safetensors_writer.h"
#include "checkpoint/tensor_names.h"
#include "json/value.h"

namespace fathom {

struct RandomCheckpointOptions {
  std::optional<int64_t> layers = {};  // in place of the config's num_hidden_layers
  std::optional<bool> mtp = {};        // in place of the config's num_nextn_predict_layers
  DType matrices = DType::kF8E4M3;     // F8_E4M3, BF16 or F32; with F32 everything is F32
  uint64_t seed = 0;
  // A shard ends before the tensor that would exceed it. The default cuts the full model into 163
  // shards, as it is published.
  int64_t shard_bytes = 4'250'000'000;
  bool sparse = false;         // true headers, holes for data
  std::string tokenizer = {};  // a tokenizer.json to copy; may be empty
};

// One tensor of a shard: a weight or the scales of one.
struct ShardTensor {
  PlannedTensor planned;
  size_t spec = 0;  // the weight, as index into RandomCheckpoint's specs
  bool scales = false;
};

struct Shard {
  std::string file;
  std::vector<ShardTensor> tensors;
  int64_t bytes = 0;
};

class RandomCheckpoint {
 public:
  // `config` is a config.json, of which only what the options override is changed.
  static Result<RandomCheckpoint> Plan(const json::Value& config,
                                       const RandomCheckpointOptions& options);

  const ModelConfig& config() const { return config_; }
  const std::vector<Shard>& shards() const { return shards_; }
  int64_t bytes() const;  // of all tensors

  // Writes into `folder`, which is made, or exists and is empty. On failure everything written is
  // removed again. `progress` counts bytes of tensors.
  Status Write(const std::string& folder, const ByteProgress& progress = nullptr) const;

 private:
  class Writing;

  void PlanShards();

  RandomCheckpointOptions options_;
  json::Object config_json_;
  ModelConfig config_;
  std::vector<TensorSpec> specs_;
  std::vector<Shard> shards_;
};

// kResourceExhausted, with both numbers, when the file system of `folder` (or of the nearest
// existing folder above it) has less than `needed_bytes` free.
Status CheckFreeSpace(const std::string& folder, int64_t needed_bytes);

}  // namespace fathom
