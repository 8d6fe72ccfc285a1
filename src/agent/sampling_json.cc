#include "agent/sampling_json.h"

#include <charconv>

namespace fathom {
namespace {

bool IsGiven(const json::FieldReader& fields, std::string_view name) {
  const json::Value* value = fields.object().Find(name);
  return value != nullptr && !value->is_null();
}

Status ReadMaxTokens(const json::FieldReader& fields, int64_t* max_tokens) {
  const int64_t otherwise = *max_tokens;
  FATHOM_ASSIGN_OR_RETURN(*max_tokens, fields.IntOr("max_tokens", otherwise));
  if (!IsGiven(fields, "max_completion_tokens")) return {};
  FATHOM_ASSIGN_OR_RETURN(const int64_t newer, fields.Int("max_completion_tokens"));
  if (IsGiven(fields, "max_tokens") && newer != *max_tokens) {
    return InvalidArgument("max_completion_tokens: {}, but max_tokens, its older name, says {}",
                           newer, *max_tokens);
  }
  *max_tokens = newer;
  return {};
}

Status ReadBiases(const json::FieldReader& fields, std::map<int32_t, double>* biases) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, fields.Obj("logit_bias"));
  if (object->size() > kMaxBiases) {
    return InvalidArgument("logit_bias: {} tokens, at most {} are taken", object->size(),
                           kMaxBiases);
  }
  for (const json::Member& member : *object) {
    int32_t id = -1;
    const char* end = member.key.data() + member.key.size();
    const auto parsed = std::from_chars(member.key.data(), end, id);
    const auto value = member.value.AsDouble();
    if (parsed.ec != std::errc() || parsed.ptr != end || !value) {
      return InvalidArgument("logit_bias: expected token ids with numbers, found \"{}\"",
                             member.key);
    }
    (*biases)[id] = *value;
  }
  return {};
}

Status CheckStop(const std::string& stop, std::string_view path) {
  if (stop.empty()) return InvalidArgument("{}: an empty string would stop everything", path);
  if (stop.size() <= kMaxStopBytes) return {};
  return InvalidArgument("{}: {} bytes, at most {} are taken", path, stop.size(), kMaxStopBytes);
}

}  // namespace

Status ReadSampling(const json::FieldReader& fields, SamplingParams* p) {
  FATHOM_ASSIGN_OR_RETURN(p->temperature, fields.NumberOr("temperature", p->temperature));
  FATHOM_ASSIGN_OR_RETURN(p->top_p, fields.NumberOr("top_p", p->top_p));
  FATHOM_ASSIGN_OR_RETURN(p->top_k, fields.IntOr("top_k", p->top_k));
  FATHOM_ASSIGN_OR_RETURN(p->min_p, fields.NumberOr("min_p", p->min_p));
  FATHOM_ASSIGN_OR_RETURN(p->repetition_penalty,
                          fields.NumberOr("repetition_penalty", p->repetition_penalty));
  FATHOM_ASSIGN_OR_RETURN(p->presence_penalty,
                          fields.NumberOr("presence_penalty", p->presence_penalty));
  FATHOM_ASSIGN_OR_RETURN(p->frequency_penalty,
                          fields.NumberOr("frequency_penalty", p->frequency_penalty));
  FATHOM_ASSIGN_OR_RETURN(p->ignore_eos, fields.BoolOr("ignore_eos", p->ignore_eos));
  FATHOM_ASSIGN_OR_RETURN(p->min_tokens, fields.IntOr("min_tokens", p->min_tokens));
  FATHOM_RETURN_IF_ERROR(ReadMaxTokens(fields, &p->max_tokens));
  if (IsGiven(fields, "seed")) {
    FATHOM_ASSIGN_OR_RETURN(const int64_t seed, fields.Int("seed"));
    p->seed = static_cast<uint64_t>(seed);
  }
  if (IsGiven(fields, "stop_token_ids")) {
    FATHOM_ASSIGN_OR_RETURN(p->stop_token_ids, ReadTokenIds(fields, "stop_token_ids"));
    if (p->stop_token_ids.size() > kMaxStopTokens) {
      return InvalidArgument("stop_token_ids: {} tokens, at most {} are taken",
                             p->stop_token_ids.size(), kMaxStopTokens);
    }
  }
  if (IsGiven(fields, "logit_bias")) {
    FATHOM_RETURN_IF_ERROR(ReadBiases(fields, &p->logit_bias));
  }
  return {};
}

Status ReadLogprobs(const json::FieldReader& fields, SamplingParams* p) {
  FATHOM_ASSIGN_OR_RETURN(p->logprobs, fields.BoolOr("logprobs", p->logprobs));
  FATHOM_ASSIGN_OR_RETURN(p->top_logprobs, fields.IntOr("top_logprobs", p->top_logprobs));
  return {};
}

Result<std::vector<std::string>> ReadStops(const json::FieldReader& fields) {
  std::vector<std::string> stops;
  if (!IsGiven(fields, "stop")) return stops;
  const json::Value& value = *fields.object().Find("stop");
  const std::string path = fields.PathOf("stop");
  if (value.is_string()) {
    FATHOM_RETURN_IF_ERROR(CheckStop(value.string(), path));
    stops.push_back(value.string());
    return stops;
  }
  if (!value.is_array()) return json::WrongKind(path, "string or array of strings", value);
  if (value.array().size() > kMaxStops) {
    return InvalidArgument("{}: {} strings, at most {} are taken", path, value.array().size(),
                           kMaxStops);
  }
  for (const json::Value& stop : value.array()) {
    if (!stop.is_string()) return json::WrongKind(path, "array of strings", stop);
    FATHOM_RETURN_IF_ERROR(CheckStop(stop.string(), fmt::format("{}[{}]", path, stops.size())));
    stops.push_back(stop.string());
  }
  return stops;
}

Result<std::vector<int32_t>> ReadTokenIds(const json::FieldReader& fields, std::string_view name) {
  FATHOM_ASSIGN_OR_RETURN(const json::Array* array, fields.Arr(name));
  return TokenIdsOf(*array, fields.PathOf(name));
}

Result<std::vector<int32_t>> TokenIdsOf(const json::Array& array, std::string_view path) {
  constexpr int64_t kLargestId = (int64_t{1} << 31) - 1;
  std::vector<int32_t> ids;
  ids.reserve(array.size());
  for (const json::Value& id : array) {
    const auto number = id.AsInt64();
    if (!number || *number < 0 || *number > kLargestId) {
      const std::string place = fmt::format("{}[{}]", path, ids.size());
      if (!id.is_number()) return json::WrongKind(place, "token id", id);
      return InvalidArgument("{}: {:.40} is no token id", place, id.number().text);
    }
    ids.push_back(static_cast<int32_t>(*number));
  }
  return ids;
}

}  // namespace fathom
