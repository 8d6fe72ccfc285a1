// Looks for weights that are no numbers.
//
// One NaN in a weight makes every answer NaN, usually after minutes of loading; damaged downloads
// and broken conversions contain them. Scales must also be positive.
#pragma once

#include "base/status.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/progress.h"

namespace fathom {

// "model-00002.safetensors: model.layers.3.….weight[12, 40] is NaN", or ok.
Status CheckFinite(const TensorSource& source, const StoredTensor& tensor,
                   const ByteProgress& progress = nullptr);

// Everything but the matrices that a published checkpoint stores as F8_E4M3 (their scales are
// included): a hundredth of the bytes, cheap enough for every start.
Status CheckSmallTensors(const Checkpoint& checkpoint);

// Everything. Reads the whole checkpoint: tensors.bytes() bytes.
Status CheckAllTensors(const Checkpoint& checkpoint, const ByteProgress& progress = nullptr);

}  // namespace fathom
