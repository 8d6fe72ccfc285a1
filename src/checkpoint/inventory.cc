#include "checkpoint/inventory.h"

namespace fathom {
namespace {

void Add(const ListedTensor& tensor, InventoryRow* row) {
  row->tensors += 1;
  row->elements += tensor.shape.elements();
  row->bytes += tensor.bytes();
}

}  // namespace

std::vector<ListedTensor> PublishedTensors(const ModelConfig& config) {
  std::vector<ListedTensor> list;
  const Mtp mtp = config.num_nextn_predict_layers > 0 ? Mtp::kPresent : Mtp::kAbsent;
  for (const TensorSpec& spec : ModelTensors(config, mtp)) {
    const DType type = spec.PublishedType(config);
    const bool in_mtp_layer = spec.layer == config.num_hidden_layers;
    list.push_back({spec.name, type, spec.shape, spec.kind, in_mtp_layer});
    if (type != DType::kF8E4M3) continue;
    list.push_back(
        {ScaleName(spec.name), DType::kF32, ScaleShape(spec.shape), spec.kind, in_mtp_layer});
  }
  return list;
}

std::vector<ListedTensor> StoredTensors(const Checkpoint& checkpoint) {
  std::vector<ListedTensor> list;
  const Mtp mtp = checkpoint.has_mtp ? Mtp::kPresent : Mtp::kAbsent;
  for (const TensorSpec& spec : ModelTensors(checkpoint.config, mtp)) {
    for (const std::string& name : {spec.name, ScaleName(spec.name)}) {
      const StoredTensor* tensor = checkpoint.tensors.Find(name);
      if (tensor == nullptr) continue;
      list.push_back({name, tensor->view.dtype, tensor->view.shape, spec.kind,
                      spec.layer == checkpoint.config.num_hidden_layers});
    }
  }
  return list;
}

Inventory SumByKind(const std::vector<ListedTensor>& tensors) {
  constexpr auto kKinds = static_cast<size_t>(TensorKind::kCount);
  std::vector<InventoryRow> by_kind(kKinds + 1);
  for (size_t i = 0; i < kKinds; ++i) by_kind[i].kind = Name(static_cast<TensorKind>(i));
  by_kind[kKinds].kind = "MTP layer";
  Inventory inventory;
  inventory.total.kind = "total";
  for (const ListedTensor& tensor : tensors) {
    Add(tensor, &by_kind[tensor.in_mtp_layer ? kKinds : static_cast<size_t>(tensor.kind)]);
    Add(tensor, &inventory.total);
  }
  for (InventoryRow& row : by_kind) {
    if (row.tensors > 0) inventory.rows.push_back(std::move(row));
  }
  return inventory;
}

}  // namespace fathom
