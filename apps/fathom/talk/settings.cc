#include "talk/settings.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <variant>

namespace fathom {
namespace {

using Field = std::variant<double SamplingParams::*, int64_t SamplingParams::*>;

struct Setting {
  std::string_view name;
  Field field;
};

// Those that have an effect on what is said here; logprobs are shown nowhere.
const std::array<Setting, 9> kSettings = {{
    {"temperature", &SamplingParams::temperature},
    {"top_p", &SamplingParams::top_p},
    {"top_k", &SamplingParams::top_k},
    {"min_p", &SamplingParams::min_p},
    {"repetition_penalty", &SamplingParams::repetition_penalty},
    {"presence_penalty", &SamplingParams::presence_penalty},
    {"frequency_penalty", &SamplingParams::frequency_penalty},
    {"min_tokens", &SamplingParams::min_tokens},
    {"max_tokens", &SamplingParams::max_tokens},
}};

template <typename T>
bool ReadNumber(std::string_view text, T* value) {
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, *value);
  return read.ec == std::errc() && read.ptr == end;
}

std::string_view MeaningOf(std::string_view name) {
  for (const NumberParam& row : kNumberParams) {
    if (row.name == name) return row.meaning;
  }
  return "the same seed gives the same answer";
}

Status SetSeed(std::string_view value, SamplingParams* params) {
  uint64_t seed = 0;
  if (value == "random") {
    params->seed.reset();
  } else if (ReadNumber(value, &seed)) {
    params->seed = seed;
  } else {
    return InvalidArgument("seed: expected a whole number or random, found {}", value);
  }
  return {};
}

Status SetField(const Setting& setting, std::string_view value, SamplingParams* params) {
  return std::visit(
      [&](auto member) -> Status {
        if (ReadNumber(value, &(params->*member))) return {};
        constexpr bool kWhole = std::is_same_v<decltype(member), int64_t SamplingParams::*>;
        return InvalidArgument("{}: expected a {}number, found {}", setting.name,
                               kWhole ? "whole " : "", value);
      },
      setting.field);
}

}  // namespace

Status SetParam(std::string_view name, std::string_view value, int vocab_size,
                SamplingParams* params) {
  SamplingParams changed = *params;
  if (name == "seed") {
    FATHOM_RETURN_IF_ERROR(SetSeed(value, &changed));
  } else {
    const Setting* found = nullptr;
    for (const Setting& setting : kSettings) {
      if (setting.name == name) found = &setting;
    }
    if (found == nullptr) {
      return InvalidArgument("there is no parameter {}; /set alone lists them", name);
    }
    FATHOM_RETURN_IF_ERROR(SetField(*found, value, &changed));
  }
  FATHOM_RETURN_IF_ERROR(changed.Validate(vocab_size));
  *params = changed;
  return {};
}

std::string DescribeParams(const SamplingParams& params) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<20}{:<12}{}\n", name, value, MeaningOf(name));
  };
  for (const Setting& setting : kSettings) {
    std::visit([&](auto member) { add(setting.name, fmt::format("{}", params.*member)); },
               setting.field);
  }
  add("seed", params.seed ? fmt::format("{}", *params.seed) : "random");
  return text;
}

std::vector<std::string> ParamNames() {
  std::vector<std::string> names;
  for (const Setting& setting : kSettings) names.emplace_back(setting.name);
  names.emplace_back("seed");
  return names;
}

}  // namespace fathom
