#include "mcp/message.h"

#include <utility>

#include "base/utf8.h"
#include "json/field_reader.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::mcp {
namespace {

constexpr size_t kMaxMethodBytes = 256;
constexpr size_t kMaxIdBytes = 256;

Result<RpcError> ReadError(const json::Value& value) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, "error"));
  const json::FieldReader fields(*object, "error");
  RpcError error;
  FATHOM_ASSIGN_OR_RETURN(error.code, fields.Int("code"));
  FATHOM_ASSIGN_OR_RETURN(const std::string message, fields.String("message"));
  error.message = Cut(message, kMaxErrorBytes);
  return error;
}

Status CheckId(const json::Value& id, bool may_be_null) {
  if (id.is_null() && may_be_null) return {};
  if (id.is_string() && id.string().size() <= kMaxIdBytes) return {};
  if (id.AsInt64()) return {};
  return InvalidArgument("id: expected an integer or a string of at most {} bytes", kMaxIdBytes);
}

Result<Message> ReadMessage(const json::Value& value) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, "message"));
  const json::FieldReader fields(*object, "");
  FATHOM_ASSIGN_OR_RETURN(const std::string version, fields.String("jsonrpc"));
  if (version != "2.0")
    return InvalidArgument("jsonrpc: expected \"2.0\", found '{}'", Cut(version, 40));
  Message message;
  if (const json::Value* id = object->Find("id")) message.id = *id;
  if (object->Has("method")) {
    FATHOM_ASSIGN_OR_RETURN(message.method, fields.String("method"));
    if (message.method.size() > kMaxMethodBytes) {
      return InvalidArgument("method: {} bytes, at most {} are possible", message.method.size(),
                             kMaxMethodBytes);
    }
    message.kind = object->Has("id") ? Message::Kind::kRequest : Message::Kind::kNotification;
    if (object->Has("id")) FATHOM_RETURN_IF_ERROR(CheckId(message.id, /*may_be_null=*/false));
    const json::Value* params = object->Find("params");
    if (params != nullptr && !params->is_object() && !params->is_array() && !params->is_null()) {
      return json::WrongKind("params", "object or array", *params);
    }
    if (params != nullptr) message.params = *params;
    return message;
  }
  message.kind = Message::Kind::kResponse;
  const json::Value* result = object->Find("result");
  const json::Value* error = object->Find("error");
  if ((result == nullptr) == (error == nullptr)) {
    return InvalidArgument("expected a method, a result or an error");
  }
  FATHOM_RETURN_IF_ERROR(CheckId(message.id, /*may_be_null=*/error != nullptr));
  if (result != nullptr) {
    message.result = *result;
  } else {
    FATHOM_ASSIGN_OR_RETURN(message.error, ReadError(*error));
  }
  return message;
}

json::Object Envelope(std::string_view method, const json::Value& params) {
  json::Object message = {{"jsonrpc", "2.0"}, {"method", method}};
  if (!params.is_null()) message.Set("params", params);
  return message;
}

std::string TextOf(json::Object message) {
  return json::Dump(std::move(message), json::Style::kCompact);
}

}  // namespace

Result<std::vector<Message>> ReadMessages(std::string_view text) {
  FATHOM_ASSIGN_OR_RETURN(
      const json::Value value,
      json::Parse(text, {.max_depth = kMaxMessageDepth, .max_bytes = kMaxMessageBytes}));
  std::vector<Message> messages;
  if (!value.is_array()) {
    FATHOM_ASSIGN_OR_RETURN(Message message, ReadMessage(value));
    messages.push_back(std::move(message));
    return messages;
  }
  const json::Array& batch = value.array();
  if (batch.empty() || batch.size() > kMaxBatch) {
    return InvalidArgument("a batch of {} messages, expected 1 to {}", batch.size(), kMaxBatch);
  }
  for (const json::Value& each : batch) {
    FATHOM_ASSIGN_OR_RETURN(Message message, ReadMessage(each));
    messages.push_back(std::move(message));
  }
  return messages;
}

std::string RequestText(int64_t id, std::string_view method, const json::Value& params) {
  json::Object message = Envelope(method, params);
  message.Set("id", id);
  return TextOf(std::move(message));
}

std::string NotificationText(std::string_view method, const json::Value& params) {
  return TextOf(Envelope(method, params));
}

std::string ResultText(const json::Value& id, const json::Value& result) {
  return TextOf({{"jsonrpc", "2.0"}, {"id", id}, {"result", result}});
}

std::string ErrorText(const json::Value& id, const RpcError& error) {
  return TextOf({{"jsonrpc", "2.0"},
                 {"id", id},
                 {"error", json::Object{{"code", error.code}, {"message", error.message}}}});
}

std::string Cut(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  std::string cut(text.substr(0, most));
  cut.resize(cut.size() - IncompleteUtf8Suffix(cut));
  return cut + "…";
}

}  // namespace fathom::mcp
