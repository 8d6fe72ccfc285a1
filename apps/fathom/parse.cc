// fathom parse: a completion of the model → the message it holds.
#include "chat/reference_call.h"
#include "json/write.h"
#include "json_calls.h"

namespace fathom {

Command MakeParseCommand() {
  return MakeJsonCallCommand({
      .name = "parse",
      .summary = "print the message that a completion of the model holds",
      .description =
          "Reads a finished completion of DeepSeek-V3.2 as strictly as the official\n"
          "parse_message_from_completion_text. Takes its arguments as one JSON object: text,\n"
          "thinking_mode. Prints the message as JSON: role, content, reasoning_content, "
          "tool_calls.",
      .once = [](const json::Value& arguments) -> Result<std::string> {
        FATHOM_ASSIGN_OR_RETURN(const json::Value message,
                                chat::CallParseMessage(arguments).ToResult());
        return json::Dump(message, json::Style::kPython) + "\n";
      },
      .line = chat::ParseLine,
  });
}

}  // namespace fathom
