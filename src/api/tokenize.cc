#include "api/tokenize.h"

#include "agent/sampling_json.h"
#include "api/openai_chat.h"
#include "api/openai_fields.h"
#include "api/openai_usage.h"
#include "json/field_reader.h"

namespace fathom::api {

Result<TokenizeRequest> ReadTokenize(const json::Value& body) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* request, json::AsObject(body, ""));
  const json::FieldReader fields(*request, "");
  TokenizeRequest out;
  FATHOM_ASSIGN_OR_RETURN(out.model, ShortString(*request, "model", kMaxModelNameBytes));
  FATHOM_ASSIGN_OR_RETURN(out.token_strings, fields.BoolOr("return_token_strs", false));
  FATHOM_ASSIGN_OR_RETURN(out.add_special_tokens, fields.BoolOr("add_special_tokens", true));
  FATHOM_ASSIGN_OR_RETURN(out.parse_special, fields.BoolOr("parse_special", true));
  const auto given = [&](std::string_view name) {
    const json::Value* value = request->Find(name);
    return value != nullptr && !value->is_null();
  };
  if (!given("messages")) {
    if (!given("prompt")) return InvalidArgument("prompt: missing, and so is messages");
    FATHOM_ASSIGN_OR_RETURN(out.prompt, fields.String("prompt"));
    return out;
  }
  if (given("prompt")) return InvalidArgument("prompt: not allowed beside messages");
  FATHOM_ASSIGN_OR_RETURN(out.chat, ReadChatCompletion(body, SamplingParams()));
  return out;
}

json::Value TokenizeBody(std::span<const int32_t> ids, const Tokenizer& tokenizer,
                         int64_t context_tokens, bool token_strings) {
  json::Array tokens, strings;
  tokens.reserve(ids.size());
  for (const int32_t id : ids) {
    tokens.emplace_back(int{id});
    if (token_strings) strings.emplace_back(TokenText(tokenizer.vocabulary().Bytes(id)));
  }
  json::Object written{{"count", static_cast<int64_t>(ids.size())},
                       {"max_model_len", context_tokens},
                       {"tokens", std::move(tokens)}};
  written.Set("token_strs", token_strings ? json::Value(std::move(strings)) : json::Value());
  return written;
}

Result<DetokenizeRequest> ReadDetokenize(const json::Value& body) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* request, json::AsObject(body, ""));
  const json::FieldReader fields(*request, "");
  DetokenizeRequest out;
  FATHOM_ASSIGN_OR_RETURN(out.model, ShortString(*request, "model", kMaxModelNameBytes));
  FATHOM_ASSIGN_OR_RETURN(const json::Array* tokens, fields.Arr("tokens"));
  if (tokens->size() > kMaxDetokenizeTokens) {
    return json::TooMany("tokens", "token ids", tokens->size(), kMaxDetokenizeTokens);
  }
  FATHOM_ASSIGN_OR_RETURN(out.tokens, TokenIdsOf(*tokens, "tokens"));
  return out;
}

Result<json::Value> DetokenizeBody(std::span<const int32_t> ids, const Tokenizer& tokenizer) {
  for (size_t i = 0; i < ids.size(); ++i) {
    FATHOM_RETURN_IF_ERROR(tokenizer.vocabulary().Check(ids[i]).At(fmt::format("tokens[{}]", i)));
  }
  FATHOM_ASSIGN_OR_RETURN(std::string text, tokenizer.Decode(ids));
  return json::Value(json::Object{{"prompt", std::move(text)}});
}

}  // namespace fathom::api
