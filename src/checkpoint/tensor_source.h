// The tensors of a model, wherever they lie: one look-up over many memory-mapped files.
//
// A folder holds either model.safetensors.index.json and the shards it names, or one
// model.safetensors. Index and shards must agree exactly: a tensor that only one of them knows
// means that files of two models got mixed, or that a download is incomplete.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "base/status.h"
#include "tensor/tensor.h"

namespace fathom {

struct StoredTensor {
  std::string name;
  TensorView view;
  int file = 0;  // TensorSource::FilePath knows it
};

// model.safetensors.index.json: {"metadata": …, "weight_map": {tensor: shard}}.
struct WeightIndex {
  std::vector<std::string> shards;                      // in order of first appearance
  std::vector<std::pair<std::string, size_t>> tensors;  // name, index into shards
};

// Shard names are plain file names: nothing that leads out of the folder is accepted.
Result<WeightIndex> ParseWeightIndex(std::string_view text);

class TensorSource {
 public:
  TensorSource() = default;
  static Result<TensorSource> Open(const std::string& folder);
  // A single safetensors file.
  static Result<TensorSource> OpenFile(const std::string& path);

  // Views point into the mapped files and live as long as the source.
  TensorSource(TensorSource&&) = default;
  TensorSource& operator=(TensorSource&&) = default;

  const StoredTensor* Find(std::string_view name) const;                 // null when there is none
  const std::vector<StoredTensor>& tensors() const { return tensors_; }  // by file, then place
  const std::string& FilePath(const StoredTensor& tensor) const {
    return files_[static_cast<size_t>(tensor.file)].path();
  }
  // "folder/model-00002.safetensors: model.norm.weight", the start of every message about it.
  std::string Place(const StoredTensor& tensor) const;
  int64_t bytes() const { return bytes_; }  // of all tensors

 private:
  Status AddFile(const std::string& path);
  Status AddShards(const std::string& folder, const WeightIndex& index);
  Status BuildLookup();
  Status CompareWith(const WeightIndex& index) const;

  std::vector<MappedFile> files_;
  std::vector<StoredTensor> tensors_;
  std::unordered_map<std::string_view, size_t> by_name_;  // keys lie in tensors_
  int64_t bytes_ = 0;
};

}  // namespace fathom
