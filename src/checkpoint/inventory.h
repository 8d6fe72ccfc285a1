// What a checkpoint holds, or would hold, summed by kind of tensor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/tensor_names.h"

namespace fathom {

struct ListedTensor {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
  TensorKind kind = TensorKind::kNorm;
  bool in_mtp_layer = false;

  int64_t bytes() const { return shape.elements() * Bytes(dtype); }
};

// Every tensor, scales included (they have the kind of their weight): as the published checkpoint
// of a config would store them, or as a checkpoint at hand does.
std::vector<ListedTensor> PublishedTensors(const ModelConfig& config);
std::vector<ListedTensor> StoredTensors(const Checkpoint& checkpoint);

struct InventoryRow {
  std::string kind;
  int64_t tensors = 0, elements = 0, bytes = 0;
};

struct Inventory {
  std::vector<InventoryRow> rows;  // kinds in the order of the model; the MTP layer is one row
  InventoryRow total;
};

Inventory SumByKind(const std::vector<ListedTensor>& tensors);

}  // namespace fathom
