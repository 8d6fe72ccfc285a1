// The arguments of a call as JSON, for APIs that hand them over as an object instead of a text.
#pragma once

#include <string_view>

#include "json/value.h"

namespace fathom::api {

// `arguments` is the text of an object, as the streaming parser makes it; it may hold NaN and the
// infinities, which the model can write. They become null, as in JavaScript: no client could read
// a body with them. An empty object where it is no object after all.
json::Value CallInput(std::string_view arguments);

}  // namespace fathom::api
