// The text of a model.safetensors.index.json: no accepted shard name leads out of the folder.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "checkpoint/tensor_source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto index = fathom::ParseWeightIndex({reinterpret_cast<const char*>(data), size});
  if (!index.ok()) {
    FATHOM_CHECK(index.status().message().find('\n') == std::string::npos, "more than one line");
    return 0;
  }
  for (const std::string& shard : index->shards) {
    FATHOM_CHECK(shard.find('/') == std::string::npos && shard.find('\0') == std::string::npos &&
                     shard != "." && shard != ".." && shard.ends_with(".safetensors"),
                 "{}", shard);
  }
  for (const auto& [name, shard] : index->tensors) {
    FATHOM_CHECK(shard < index->shards.size(), "{}", name);
  }
  return 0;
}
