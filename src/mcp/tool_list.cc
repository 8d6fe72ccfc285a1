#include "mcp/tool_list.h"

#include <algorithm>
#include <utility>

#include "json/field_reader.h"
#include "json/write.h"

namespace fathom::mcp {
namespace {

constexpr size_t kMaxNotes = 20;
constexpr size_t kMaxCursorBytes = 8 << 10;

}  // namespace

bool ToolListReader::Wants(const std::string& name) const {
  return !wanted_ || std::ranges::find(*wanted_, name) != wanted_->end();
}

void ToolListReader::LeaveOut(const std::string& name, const std::string& why) {
  if (++left_out_ <= kMaxNotes) {
    list_.notes.push_back(fmt::format("tool '{}' is left out: {}", Cut(name, 100), why));
  }
}

void ToolListReader::AddTool(const json::Value& tool) {
  const json::Value* name = tool.Find("name");
  if (name == nullptr || !name->is_string() || name->string().empty() ||
      name->string().size() > kMaxRemoteNameBytes) {
    return LeaveOut("", fmt::format("expected a name of 1 to {} bytes", kMaxRemoteNameBytes));
  }
  ToolInfo info;
  info.name = name->string();
  if (!Wants(info.name)) return;
  const auto same = [&](const ToolInfo& other) { return other.name == info.name; };
  if (std::ranges::any_of(list_.tools, same)) return LeaveOut(info.name, "it is there already");
  if (list_.tools.size() >= kMaxTools) {
    ++too_many_;
    return;
  }
  if (const json::Value* description = tool.Find("description");
      description != nullptr && description->is_string()) {
    info.description = Cut(description->string(), kMaxDescriptionBytes);
  }
  const json::Value* schema = tool.Find("inputSchema");
  if (schema == nullptr || !schema->is_object()) {
    return LeaveOut(info.name, "its inputSchema is no object");
  }
  const size_t bytes = json::Dump(*schema, json::Style::kCompact).size();
  if (bytes > kMaxSchemaBytes) {
    return LeaveOut(info.name, fmt::format("its inputSchema has {} bytes, at most {} are possible",
                                           bytes, kMaxSchemaBytes));
  }
  if (schema_bytes_ + bytes > kMaxAllSchemaBytes) {
    return LeaveOut(info.name, fmt::format("the schemas of all tools have more than {} bytes",
                                           kMaxAllSchemaBytes));
  }
  schema_bytes_ += bytes;
  info.schema = *schema;
  list_.tools.push_back(std::move(info));
}

Result<std::optional<std::string>> ToolListReader::AddPage(const json::Value& result) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(result, "tools/list"));
  const json::FieldReader fields(*object, "tools/list");
  FATHOM_ASSIGN_OR_RETURN(const json::Array* tools, fields.Arr("tools"));
  seen_ += tools->size();
  if (seen_ > kMaxListedTools || ++pages_ > kMaxPages) {
    return ResourceExhausted("tools/list: more than {} tools or {} pages", kMaxListedTools,
                             kMaxPages);
  }
  for (const json::Value& tool : *tools) AddTool(tool);
  FATHOM_ASSIGN_OR_RETURN(std::string cursor, fields.StringOr("nextCursor", ""));
  if (cursor.size() > kMaxCursorBytes) {
    return ResourceExhausted("tools/list: a cursor of {} bytes", cursor.size());
  }
  if (cursor.empty()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(cursor));
}

ToolList ToolListReader::Finish() && {
  if (left_out_ > kMaxNotes) {
    list_.notes.push_back(fmt::format("{} more tools are left out", left_out_ - kMaxNotes));
  }
  if (too_many_ > 0) {
    list_.notes.push_back(fmt::format(
        "{} tools are left out: at most {} of a server are taken; \"tools\" names those that count",
        too_many_, kMaxTools));
  }
  for (const std::string& name : wanted_.value_or(std::vector<std::string>())) {
    const auto same = [&](const ToolInfo& tool) { return tool.name == name; };
    if (std::ranges::none_of(list_.tools, same)) {
      list_.notes.push_back(fmt::format("the server has no usable tool '{}'", Cut(name, 100)));
    }
  }
  return std::move(list_);
}

Result<ToolList> ListTools(Session& session, const WantedTools& wanted, const Patience& patience) {
  ToolListReader reader(wanted);
  std::optional<std::string> cursor;
  if (!session.info().has_tools) return std::move(reader).Finish();
  do {
    json::Object params;
    if (cursor) params.Set("cursor", *cursor);
    FATHOM_ASSIGN_OR_RETURN(const json::Value page,
                            session.Request("tools/list", std::move(params), patience));
    FATHOM_ASSIGN_OR_RETURN(cursor, reader.AddPage(page));
  } while (cursor);
  return std::move(reader).Finish();
}

}  // namespace fathom::mcp
