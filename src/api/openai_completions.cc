#include "api/openai_completions.h"

#include <array>

#include "agent/sampling_json.h"
#include "api/openai_fields.h"
#include "chat/dsml.h"
#include "json/field_reader.h"

namespace fathom::api {
namespace {

// Beside those of openai_fields.h and sampling_json.h.
constexpr std::array kOwnFields = {
    std::string_view("prompt"),
    std::string_view("suffix"),
    std::string_view("echo"),
    std::string_view("best_of"),
    std::string_view("add_special_tokens"),
    std::string_view("parse_special"),
};

constexpr std::array kOwnRefused = {
    RefusedField{"messages", "completions go on with a prompt; chat/completions takes messages"},
    RefusedField{"tools", "completions call no tools; chat/completions does"},
    RefusedField{"response_format", "completions take none; chat/completions does"},
    RefusedField{"prompt_embeds", "a prompt is text or token ids"},
};

constexpr std::string_view kFimBegin = "<｜fim▁begin｜>";
constexpr std::string_view kFimHole = "<｜fim▁hole｜>";
constexpr std::string_view kFimEnd = "<｜fim▁end｜>";

Status SortOut(const json::Object& request, CompletionRequest* out) {
  static constexpr auto kKnown = JoinTables(kOwnFields, kCommonFields, kSamplingFields);
  static constexpr auto kRefused = JoinTables(kOwnRefused, kCommonRefused);
  const json::Value* top = request.Find("top_logprobs");
  if (top != nullptr && !AsksForNothing(*top)) {
    return Unsupported("top_logprobs: logprobs is the number here, 0 to 20");
  }
  return SortOutFields(request, kKnown, kRefused, "", &out->ignored_fields);
}

bool HoldsNumbers(const json::Array& array) { return !array.empty() && array[0].is_number(); }

// One of several prompts.
Result<CompletionPrompt> ReadOne(const json::Value& value, const std::string& path) {
  if (value.is_string()) return CompletionPrompt(value.string());
  if (!value.is_array()) return json::WrongKind(path, "string or token ids", value);
  if (value.array().empty()) return InvalidArgument("{}: empty", path);
  FATHOM_ASSIGN_OR_RETURN(std::vector<int32_t> ids, TokenIdsOf(value.array(), path));
  return CompletionPrompt(std::move(ids));
}

// A string, token ids, or a list of either.
Status ReadPrompts(const json::Object& request, std::vector<CompletionPrompt>* prompts) {
  const json::Value* value = request.Find("prompt");
  if (value == nullptr || value->is_null()) return InvalidArgument("prompt: missing");
  if (value->is_string() || (value->is_array() && HoldsNumbers(value->array()))) {
    FATHOM_ASSIGN_OR_RETURN(CompletionPrompt prompt, ReadOne(*value, "prompt"));
    prompts->push_back(std::move(prompt));
  } else {
    if (!value->is_array()) {
      return json::WrongKind("prompt", "string, token ids, or a list of them", *value);
    }
    const json::Array& array = value->array();
    if (array.empty()) return InvalidArgument("prompt: empty");
    if (array.size() > kMaxPrompts)
      return json::TooMany("prompt", "prompts", array.size(), kMaxPrompts);
    for (size_t i = 0; i < array.size(); ++i) {
      FATHOM_ASSIGN_OR_RETURN(CompletionPrompt prompt,
                              ReadOne(array[i], fmt::format("prompt[{}]", i)));
      prompts->push_back(std::move(prompt));
    }
  }
  size_t ids = 0;
  for (const CompletionPrompt& prompt : *prompts) {
    if (const auto* list = std::get_if<std::vector<int32_t>>(&prompt)) ids += list->size();
  }
  if (ids > kMaxPromptIds) return json::TooMany("prompt", "token ids", ids, kMaxPromptIds);
  return {};
}

Status ReadSuffix(const json::FieldReader& fields, CompletionRequest* out) {
  FATHOM_ASSIGN_OR_RETURN(out->suffix, fields.StringOr("suffix", ""));
  FATHOM_ASSIGN_OR_RETURN(out->echo, fields.BoolOr("echo", false));
  if (out->suffix.empty()) return {};
  if (out->echo) {
    return InvalidArgument("echo: what stands before a suffix is filled in, not repeated");
  }
  for (const CompletionPrompt& prompt : out->prompts) {
    if (!std::holds_alternative<std::string>(prompt)) {
      return InvalidArgument("suffix: the prompt before it must be text, not token ids");
    }
  }
  return {};
}

Status ReadChoices(const json::FieldReader& fields, CompletionRequest* out) {
  const auto prompts = static_cast<int64_t>(out->prompts.size());
  if (prompts * out->choices > kMaxCompletionChoices) {
    return InvalidArgument("n: {} prompts with {} choices each are {}, at most {} are taken",
                           prompts, out->choices, prompts * out->choices, kMaxCompletionChoices);
  }
  FATHOM_ASSIGN_OR_RETURN(const int64_t best_of, fields.IntOr("best_of", out->choices));
  if (best_of == out->choices) return {};
  return Unsupported("best_of: {}, but every choice is returned, and n says {}", best_of,
                     out->choices);
}

// max_tokens is 0 where only the prompt is wanted.
void ReadLength(CompletionRequest* out) {
  if (out->sampling.max_tokens == 0 && out->echo) {
    out->generate = false;
    out->sampling.max_tokens = 1;
    out->sampling.min_tokens = 0;
  }
}

Status ReadNumberOfLogprobs(const json::FieldReader& fields, SamplingParams* sampling) {
  const json::Value* value = fields.object().Find("logprobs");
  sampling->logprobs = value != nullptr && !value->is_null();
  sampling->top_logprobs = 0;
  if (!sampling->logprobs) return {};
  constexpr auto kMost = static_cast<int64_t>(ParamRow("top_logprobs").high);
  FATHOM_ASSIGN_OR_RETURN(sampling->top_logprobs, fields.Int("logprobs", 0, kMost));
  return {};
}

Result<TextSegment> SpecialToken(std::string_view token, const Tokenizer& tokenizer,
                                 std::string_view wanted_by) {
  const auto id = tokenizer.TokenId(token);
  if (!id || !tokenizer.vocabulary().IsAdded(*id)) {
    return Unsupported("{}: the model has no token {}", wanted_by, token);
  }
  return TextSegment{token, AllowSpecial::kYes};
}

Result<std::vector<int32_t>> FimTokens(std::string_view prefix, const CompletionRequest& request,
                                       const Tokenizer& tokenizer) {
  std::vector<TextSegment> segments;
  if (request.add_special_tokens) {
    FATHOM_ASSIGN_OR_RETURN(const TextSegment bos,
                            SpecialToken(chat::kBos, tokenizer, "add_special_tokens"));
    segments.push_back(bos);
  }
  FATHOM_ASSIGN_OR_RETURN(const TextSegment begin, SpecialToken(kFimBegin, tokenizer, "suffix"));
  FATHOM_ASSIGN_OR_RETURN(const TextSegment hole, SpecialToken(kFimHole, tokenizer, "suffix"));
  FATHOM_ASSIGN_OR_RETURN(const TextSegment end, SpecialToken(kFimEnd, tokenizer, "suffix"));
  segments.insert(segments.end(), {begin, {prefix}, hole, {request.suffix}, end});
  return tokenizer.Encode(segments);
}

}  // namespace

Result<CompletionRequest> ReadCompletion(const json::Value& body, const SamplingParams& defaults) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* request, json::AsObject(body, ""));
  const json::FieldReader fields(*request, "");
  CompletionRequest out;
  FATHOM_RETURN_IF_ERROR(SortOut(*request, &out));
  FATHOM_RETURN_IF_ERROR(ReadPrompts(*request, &out.prompts));
  FATHOM_RETURN_IF_ERROR(ReadSuffix(fields, &out));
  FATHOM_ASSIGN_OR_RETURN(out.add_special_tokens, fields.BoolOr("add_special_tokens", true));
  FATHOM_ASSIGN_OR_RETURN(out.parse_special, fields.BoolOr("parse_special", true));
  FATHOM_ASSIGN_OR_RETURN(CommonFields common, ReadCommonFields(*request));
  out.model = std::move(common.model);
  out.choices = common.choices;
  out.stream = common.stream;
  out.stream_usage = common.stream_usage;
  out.user = std::move(common.user);
  FATHOM_RETURN_IF_ERROR(ReadChoices(fields, &out));
  out.sampling = defaults;
  out.sampling.max_tokens = kDefaultCompletionTokens;
  FATHOM_RETURN_IF_ERROR(ReadSampling(fields, &out.sampling));
  ReadLength(&out);
  FATHOM_RETURN_IF_ERROR(ReadNumberOfLogprobs(fields, &out.sampling));
  FATHOM_RETURN_IF_ERROR(out.sampling.ValidateNumbers());
  FATHOM_ASSIGN_OR_RETURN(out.stop, ReadStops(fields));
  return out;
}

Result<std::vector<int32_t>> TextTokens(std::string_view text, bool add_special_tokens,
                                        bool parse_special, const Tokenizer& tokenizer) {
  const AllowSpecial allow = parse_special ? AllowSpecial::kYes : AllowSpecial::kNo;
  std::vector<int32_t> ids = tokenizer.Encode(text, allow);
  if (!add_special_tokens) return ids;
  FATHOM_ASSIGN_OR_RETURN([[maybe_unused]] const TextSegment bos,
                          SpecialToken(chat::kBos, tokenizer, "add_special_tokens"));
  const int32_t bos_id = *tokenizer.TokenId(chat::kBos);
  if (ids.empty() || ids[0] != bos_id) ids.insert(ids.begin(), bos_id);
  return ids;
}

Result<std::vector<int32_t>> CompletionTokens(const CompletionRequest& request, size_t index,
                                              const Tokenizer& tokenizer) {
  const CompletionPrompt& prompt = request.prompts[index];
  if (const auto* ids = std::get_if<std::vector<int32_t>>(&prompt)) {
    for (const int32_t id : *ids) {
      FATHOM_RETURN_IF_ERROR(tokenizer.vocabulary().Check(id).At(fmt::format("prompt[{}]", index)));
    }
    return *ids;
  }
  const std::string& text = std::get<std::string>(prompt);
  if (!request.suffix.empty()) return FimTokens(text, request, tokenizer);
  return TextTokens(text, request.add_special_tokens, request.parse_special, tokenizer);
}

}  // namespace fathom::api
