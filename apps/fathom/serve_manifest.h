// What GET /v1/engine says of the model and of how it is computed: layer by layer, which attention
// runs, how many keys it reads and in which format the weights are.
#pragma once

#include "json/value.h"
#include "runtime/open_model.h"

namespace fathom {

json::Value ManifestOf(const LoadedModel& model);

}  // namespace fathom
