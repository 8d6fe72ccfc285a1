// The items of a response's output, and the response object around them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/answer_writer.h"
#include "api/openai_responses.h"
#include "json/value.h"

namespace fathom::api {

// "in_progress", "completed" or "incomplete", of an item and of its response.
inline constexpr std::string_view kInProgress = "in_progress";
inline constexpr std::string_view kCompleted = "completed";
inline constexpr std::string_view kIncomplete = "incomplete";

enum class ItemKind { kReasoning, kMessage, kCall };

// Which item it is, in the stream as in the whole answer: "rs_ID_0", "msg_ID_1", "fc_ID_2".
std::string ItemId(ItemKind kind, std::string_view response_id, size_t output_index);

// With text "" as an item begins: without any part.
json::Value ReasoningItem(std::string_view id, std::string_view text, std::string_view status,
                          const ResponseForm& form);
json::Value MessageItem(std::string_view id, std::string_view text, json::Array logprobs,
                        std::string_view status);
json::Value CallItem(std::string_view id, std::string_view call_id, std::string_view name,
                     std::string_view arguments, std::string_view status);

json::Value ReasoningPart(std::string_view text, const ResponseForm& form);
json::Value TextPart(std::string_view text, json::Array logprobs);

// "completed", or "incomplete" where something else than the model ended the answer.
std::string_view StatusOf(const chat::StreamEnd& end);
// Whether the item of that kind is the one that was cut off.
std::string_view ItemStatus(ItemKind kind, const chat::StreamEnd& end);

// The object while its end is not known: without usage, error and details.
json::Object ResponseObject(const AnswerHead& head, const ResponseForm& form,
                            std::string_view status, json::Array output);
// The same at its end, with what was mended where something was.
json::Object EndedResponse(const AnswerHead& head, const ResponseForm& form,
                           const chat::StreamEnd& end, json::Array repaired, json::Array output,
                           const AnswerUsage& usage);

}  // namespace fathom::api
