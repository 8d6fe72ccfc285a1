// fathom encode: messages → the prompt.
#include "chat/reference_call.h"
#include "json_calls.h"

namespace fathom {

Command MakeEncodeCommand() {
  return MakeJsonCallCommand({
      .name = "encode",
      .summary = "print the prompt that a list of messages becomes",
      .description =
          "Prints the prompt of DeepSeek-V3.2 for a conversation. Takes the arguments of the\n"
          "official encode_messages as one JSON object: messages, thinking_mode (\"chat\" or\n"
          "\"thinking\"), context, drop_thinking, add_default_bos_token. The bytes, and what is\n"
          "refused, are the same as there. Nothing is added to the prompt, no line break either.",
      .once = [](const json::Value& arguments) -> Result<std::string> {
        FATHOM_ASSIGN_OR_RETURN(const chat::Prompt prompt,
                                chat::CallEncodeMessages(arguments).ToResult());
        return prompt.Joined();
      },
      .line = chat::EncodeLine,
  });
}

}  // namespace fathom
