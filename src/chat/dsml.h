// DSML, the markup in which the model calls tools, and the special strings round it (spec 7.1).
//
//   <｜DSML｜function_calls>
//   <｜DSML｜invoke name="get_weather">
//   <｜DSML｜parameter name="city" string="true">Oslo</｜DSML｜parameter>
//   <｜DSML｜parameter name="days" string="false">[1, 2]</｜DSML｜parameter>
//   </｜DSML｜invoke>
//   </｜DSML｜function_calls>
//
// ｜DSML｜ is one token of the model; "<", the names and ">" are ordinary text. string="true" says
// that the value is the string itself, without quotes or escapes; any other value is JSON.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "chat/prompt.h"
#include "json/value.h"

namespace fathom::chat {

inline constexpr std::string_view kBos = "<｜begin▁of▁sentence｜>";
inline constexpr std::string_view kEos = "<｜end▁of▁sentence｜>";
inline constexpr std::string_view kUser = "<｜User｜>";
inline constexpr std::string_view kAssistant = "<｜Assistant｜>";
inline constexpr std::string_view kThinkOpen = "<think>";
inline constexpr std::string_view kThinkClose = "</think>";
inline constexpr std::string_view kDsml = "｜DSML｜";

// Every special string of the chat format.
inline constexpr std::array kSpecialStrings = {kBos,       kEos,        kUser, kAssistant,
                                               kThinkOpen, kThinkClose, kDsml};

// The parameter lines of a call, joined by newlines; nothing at all for no arguments.
void AppendParameters(const json::Object& arguments, Prompt* prompt);

// `"key": value` as it stands in an arguments text: the value of a string="true" parameter is
// quoted, any other is taken as it is.
std::string ArgumentText(std::string_view key, std::string_view value, bool is_string);

// How many bytes of white space `text` begins with, as Python's regular expressions and
// str.isspace count it.
size_t LeadingSpace(std::string_view text);

}  // namespace fathom::chat
