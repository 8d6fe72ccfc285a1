// The attributes of a tag, read as tolerantly as it can be done without guessing.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace fathom::chat {

struct TagAttributes {
  std::optional<std::string_view> name;
  std::optional<bool> is_string;  // string="true" or "false" in any case; absent or odd: nothing
  size_t end = 0;                 // behind the ">"
};

// Reads  key="value" key='value' key=value ... >  from what follows a tag's name. Nothing when
// there is no ">" outside of quotes.
std::optional<TagAttributes> ReadTagAttributes(std::string_view text);

}  // namespace fathom::chat
