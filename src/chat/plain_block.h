// A tool block written without the DSML token, recognised in plain text.
#pragma once

#include <cstddef>
#include <string_view>

namespace fathom::chat {

enum class PlainMatch {
  kNo,
  kMaybe,  // may become one with more text
  kYes,
};

// Whether `text` begins with  <function_calls> <invoke name="N">  or  <invoke name="N">, the DSML
// token spelled in plain text or left out. The name is part of it so that a text about such tags
// is not taken for one. Between the tags at most 64 bytes of white space.
PlainMatch MatchPlainBlock(std::string_view text, size_t max_name_bytes);

// Whether `text` is  <function_calls>  and white space, and nothing else.
bool IsPlainBlockStart(std::string_view text);

}  // namespace fathom::chat
