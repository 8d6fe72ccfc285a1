#include "api/json_answer.h"

#include <string_view>

#include "json/parse.h"

namespace fathom::api {

bool WantsJson(const AnswerRequest& request) {
  const json::Value* type = request.response_format.Find("type");
  return type != nullptr && type->is_string() && type->string() != "text";
}

bool MendJson(std::string* content) {
  if (json::Parse(*content).ok()) return false;
  const std::string_view text = *content;
  for (const auto& [open, close] : {std::pair{'{', '}'}, std::pair{'[', ']'}}) {
    const size_t begin = text.find(open), end = text.rfind(close);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) continue;
    const std::string_view inner = text.substr(begin, end - begin + 1);
    if (!json::Parse(inner).ok()) continue;
    *content = std::string(inner);
    return true;
  }
  return false;
}

}  // namespace fathom::api
