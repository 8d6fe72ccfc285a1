// A small valid DeepSeek-V3.2 checkpoint, held in memory so that a test can change anything about
// it before it is written: values, types, shapes, names, the shard a tensor lies in, the config,
// the index.
//
//   TinyCheckpoint tiny;
//   tiny.Find("model.norm.weight").shape = {64};
//   tiny.Write(dir.path());
//   EXPECT_EQ(OpenCheckpoint(dir.path()).status().message(), …);
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace fathom::test {

struct TinyTensor {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
  std::vector<std::byte> bytes;
  std::string shard;

  // Element `i` seen as T.
  template <typename T>
  T& At(size_t i) {
    return reinterpret_cast<T*>(bytes.data())[i];
  }
};

inline constexpr const char* kTinyShard1 = "model-00001-of-00002.safetensors";
inline constexpr const char* kTinyShard2 = "model-00002-of-00002.safetensors";

class TinyCheckpoint {
 public:
  // Three layers (one dense, two of 8 experts) and an MTP layer, hidden size 160, heads as small as
  // the fp8 cache allows; partial tiles in most matrices. Deterministic. `matrices` is the type of
  // the quantisable matrices; with F32 everything is F32.
  explicit TinyCheckpoint(DType matrices = DType::kF8E4M3);

  // The first layer and the global tensors lie in shard 1, all others in shard 2.
  std::vector<TinyTensor> tensors;
  json::Object config;

  TinyTensor& Find(std::string_view name);
  void Remove(std::string_view name);
  void RemovePrefix(std::string_view prefix);
  // A copy of tensor `name` under another name, beside it.
  TinyTensor& AddCopy(std::string_view name, std::string new_name);
  // Stores all scales as F8_E8M0.
  void UseE8M0Scales();

  // Writes config.json, the shards and the index, whose weight_map `edit_index` may change.
  void Write(const std::string& folder,
             const std::function<void(json::Object* weight_map)>& edit_index = nullptr) const;
  // Writes config.json and everything into one model.safetensors, without an index.
  void WriteSingle(const std::string& folder) const;
};

// Replaces the only occurrence of `from` in a file with `to`, which is no longer (shorter texts are
// padded with spaces): for headers that no writer would produce.
void ReplaceInFile(const std::string& path, std::string_view from, std::string to);

}  // namespace fathom::test
