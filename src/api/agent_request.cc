#include "api/agent_request.h"

#include <algorithm>
#include <utility>

#include "api/openai_chat.h"
#include "json/field_reader.h"

namespace fathom::api {
namespace {

// What of the body a chat completion would read too.
Result<json::Object> ChatFields(const json::Object& body) {
  json::Object chat;
  for (const json::Member& member : body) {
    if (std::ranges::find(kAgentFields, member.key) != kAgentFields.end()) continue;
    const auto refused = std::ranges::find(kAgentRefused, member.key, &RefusedField::name);
    if (refused == kAgentRefused.end()) {
      chat.Set(member.key, member.value);
    } else if (!AsksForNothing(member.value)) {
      return Unsupported("{}: {}", refused->name, refused->why);
    }
  }
  return chat;
}

Status ReadGroups(const json::FieldReader& fields, std::vector<std::string>* groups) {
  const json::Value* named = fields.object().Find("tool_groups");
  if (named == nullptr || named->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Array* names, fields.Arr("tool_groups"));
  if (names->size() > kMaxToolGroups) {
    return json::TooMany("tool_groups", "names", names->size(), kMaxToolGroups);
  }
  for (const json::Value& name : *names) {
    const std::string path = fmt::format("tool_groups[{}]", groups->size());
    if (!name.is_string()) return json::WrongKind(path, "string", name);
    if (std::ranges::find(*groups, name.string()) != groups->end()) {
      return InvalidArgument("{}: \"{}\" is named twice", path, name.string());
    }
    groups->push_back(name.string());
  }
  return {};
}

}  // namespace

Result<AgentRequest> ReadAgent(const json::Value& body, const SamplingParams& defaults) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(body, ""));
  FATHOM_ASSIGN_OR_RETURN(json::Object chat, ChatFields(*object));
  AgentRequest request;
  FATHOM_ASSIGN_OR_RETURN(request.answer, ReadChatCompletion(std::move(chat), defaults));
  if (request.answer.prefix) {
    return Unsupported("messages[{}].prefix: an agent's answer can't be begun by the client",
                       request.answer.messages.size() - 1);
  }
  const json::FieldReader fields(*object, "");
  FATHOM_RETURN_IF_ERROR(ReadGroups(fields, &request.tool_groups));
  FATHOM_ASSIGN_OR_RETURN(const int64_t rounds,
                          fields.IntOr("max_rounds", kDefaultMaxRounds, 1, kMostRounds));
  request.max_rounds = static_cast<int>(rounds);
  FATHOM_ASSIGN_OR_RETURN(const std::string context,
                          fields.StringOr("context", std::string(Name(kDefaultStrategy))));
  const Result<ContextStrategy> strategy = FindContextStrategy(context);
  if (!strategy.ok()) return strategy.status().At("context");
  request.context = *strategy;
  return request;
}

}  // namespace fathom::api
