// What had to be mended in an answer, told beside it as "repaired": the names of chat::kRepairs,
// and "json_answer" where the content was mended to be the JSON that was asked for.
#pragma once

#include "api/answer_writer.h"
#include "json/value.h"

namespace fathom::api {

inline json::Array RepairsToJson(const FinishedAnswer& answer) {
  json::Array names;
  for (const std::string_view name : answer.end.repairs.Names()) names.emplace_back(name);
  if (answer.json_mended) names.emplace_back("json_answer");
  return names;
}

}  // namespace fathom::api
