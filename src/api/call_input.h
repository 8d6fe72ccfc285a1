// The arguments of a call as JSON, for APIs that hand them over as an object instead of a text.
//
// The streaming parser makes the text of an object, in which NaN and the infinities may stand,
// because the model can write them. No client could read a body with them, so they become null, as
// in JavaScript.
#pragma once

#include <string>
#include <string_view>

#include "json/value.h"

namespace fathom::api {

// The arguments of one call, piece by piece.
class InputFilter {
 public:
  // `piece` with null for what is no JSON. A "-" at its end waits for what follows.
  std::string Take(std::string_view piece);

 private:
  bool in_string_ = false;
  bool escaped_ = false;  // the next byte of the string
  bool in_word_ = false;  // of one that became null
  bool minus_ = false;    // one waits
};

// All of them. An empty object where the text is no object after all.
json::Value CallInput(std::string_view arguments);

}  // namespace fathom::api
