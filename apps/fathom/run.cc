// fathom run: one answer, or many from a stream of JSON lines.

#include <fmt/core.h>
#include <unistd.h>

#include <iostream>
#include <iterator>
#include <memory>

#include "agent/answer_form.h"
#include "agent/builtin_tools.h"
#include "agent/form_fields.h"
#include "agent/loop.h"
#include "agent/request_json.h"
#include "answer_printer.h"
#include "commands.h"
#include "interrupt.h"
#include "json/field_reader.h"
#include "json/parse.h"
#include "json/write.h"
#include "jsonl_run.h"
#include "model_flags.h"
#include "sampling_flags.h"
#include "session.h"

namespace fathom {
namespace {

struct RunFlags {
  ModelFlags model;
  SamplingFlags sampling;
  std::optional<std::string> prompt, system;
  std::string messages_file, tools_file, schema_file, files;
  std::optional<int64_t> thinking_budget;
  bool thinking = false, use_tools = false, json = false, jsonl = false, quiet = false;
  int64_t parallel = 8;
};

Result<std::vector<chat::Message>> ReadMessages(const RunFlags& flags) {
  std::vector<chat::Message> messages;
  if (!flags.messages_file.empty()) {
    if (flags.prompt) return InvalidArgument("--prompt and --messages exclude each other");
    FATHOM_ASSIGN_OR_RETURN(const json::Value value, json::ParseFile(flags.messages_file));
    Result<std::vector<chat::Message>> read = chat::MessagesFromJson(value, "messages");
    if (!read.ok()) return read.status().At(flags.messages_file);
    messages = std::move(read).value();
  } else {
    chat::Message user;
    if (flags.prompt) {
      user.content = *flags.prompt;
    } else {
      std::string text{std::istreambuf_iterator<char>(std::cin), {}};
      while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
      if (text.empty())
        return InvalidArgument("no prompt: give --prompt, --messages or text on standard input");
      user.content = std::move(text);
    }
    messages.push_back(std::move(user));
  }
  if (flags.system) {
    chat::Message system;
    system.role = chat::Role::kSystem;
    system.content = *flags.system;
    messages.insert(messages.begin(), std::move(system));
  }
  return messages;
}

Result<Toolbox> MakeTools(const RunFlags& flags) {
  if (!flags.use_tools) {
    if (!flags.files.empty()) return InvalidArgument("--files needs --use-tools");
    return Toolbox();
  }
  return OpenBuiltinTools(flags.files);
}

// The form of the answer, by the files that describe it.
Result<FormRequest> ReadForm(const RunFlags& flags, const Toolbox& tools) {
  FormRequest form;
  if (!flags.tools_file.empty()) {
    if (flags.use_tools) return InvalidArgument("--tools and --use-tools exclude each other");
    FATHOM_ASSIGN_OR_RETURN(json::Value value, json::ParseFile(flags.tools_file));
    const Status status = ReadToolFields(json::Object{{"tools", std::move(value)}}, &form);
    if (!status.ok()) return status.At(flags.tools_file);
  } else if (flags.use_tools) {
    FATHOM_ASSIGN_OR_RETURN(form.tools, chat::ToolsFromJson(tools.Definitions(), "tools"));
  }
  if (flags.schema_file.empty()) return form;
  if (!form.tools.empty()) {
    return InvalidArgument("--json-schema excludes --tools and --use-tools");
  }
  FATHOM_ASSIGN_OR_RETURN(json::Value schema, json::ParseFile(flags.schema_file));
  if (!schema.is_object()) {
    return json::WrongKind("schema", "object", schema).At(flags.schema_file);
  }
  form.response_format = json::Object{
      {"type", "json_schema"},
      {"json_schema",
       json::Object{{"name", "answer"}, {"strict", true}, {"schema", std::move(schema)}}}};
  form.form.json_path = "schema";
  return form;
}

Result<std::shared_ptr<const grammar::CompiledGrammar>> CompileForm(const RunFlags& flags,
                                                                    const FormRequest& form,
                                                                    const SamplingParams& sampling,
                                                                    GrammarCache& grammars) {
  FATHOM_ASSIGN_OR_RETURN(const auto shape, ShapeOf(form, sampling));
  if (!shape) return std::shared_ptr<const grammar::CompiledGrammar>();
  auto grammar = grammars.Get(*shape);
  if (grammar.ok()) return grammar;
  return grammar.status().At(shape->json_schema ? flags.schema_file : flags.tools_file);
}

Result<int> RunOnce(const RunFlags& flags) {
  if (flags.thinking_budget.value_or(0) < 0) {
    return InvalidArgument("--thinking-budget: {} is below 0", *flags.thinking_budget);
  }
  FATHOM_ASSIGN_OR_RETURN(std::vector<chat::Message> messages, ReadMessages(flags));
  FATHOM_ASSIGN_OR_RETURN(const Toolbox tools, MakeTools(flags));
  FATHOM_ASSIGN_OR_RETURN(const FormRequest form, ReadForm(flags, tools));
  FATHOM_RETURN_IF_ERROR(CheckFormsOfMessages(messages, form));
  AttachForm(form, &messages);

  FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, OpenSession(flags.model, 1));
  LoopOptions options;
  options.thinking = flags.thinking ? chat::ThinkingMode::kThinking : chat::ThinkingMode::kChat;
  options.sampling = flags.sampling.ToParams(session->model->checkpoint.generation);
  options.stop = flags.sampling.stop;
  options.limits.budget = flags.thinking_budget;
  FATHOM_ASSIGN_OR_RETURN(options.grammar,
                          CompileForm(flags, form, options.sampling, session->text->grammars()));
  if (!flags.use_tools) options.max_rounds = 1;

  InterruptScope interrupt(InterruptScope::Reads::kInterrupted);
  PrinterOptions printing;
  printing.raw_content = !StdoutIsTerminal();
  printing.reasoning = stderr;
  AnswerPrinter printer(
      TerminalStyle(::isatty(STDERR_FILENO) != 0 && TerminalStyle::ForStdout().on()), printing);
  LoopCallbacks callbacks;
  if (!flags.json) {
    callbacks.text.on_event = [&](const chat::StreamEvent& event) { printer.OnEvent(event); };
    callbacks.on_tool = [&](const ToolRun& run) { printer.OnTool(run); };
  }
  callbacks.cancelled = [&] { return interrupt.interrupted(); };
  FATHOM_ASSIGN_OR_RETURN(const LoopResult result,
                          RunLoop(*session->text, tools, options, callbacks, &messages));
  const GeneratedMessage& answer = result.answers.back();
  if (flags.json) fmt::print("{}\n", json::Dump(AnswerToJson(answer), json::Style::kPython));
  if (result.out_of_rounds && flags.use_tools) {
    fmt::print(stderr, "stopped after {} rounds of tool calls\n", options.max_rounds);
  }
  if (!flags.quiet) fmt::print(stderr, "{}\n", DescribeWork(*session, answer.usage));
  if (answer.end.reason == chat::FinishReason::kCancelled) return 130;
  if (!answer.form_complete) {
    return ResourceExhausted("the answer was cut off after {} tokens, before its form was complete",
                             answer.usage.completion_tokens);
  }
  return 0;
}

Result<int> Run(const RunFlags& flags) {
  if (!flags.jsonl) return RunOnce(flags);
  if (flags.prompt || flags.system || !flags.messages_file.empty() || !flags.tools_file.empty() ||
      flags.use_tools || flags.thinking || flags.thinking_budget || !flags.schema_file.empty()) {
    return InvalidArgument("--jsonl takes messages, tools, forms and thinking from its lines");
  }
  if (flags.parallel < 1 || flags.parallel > 256) {
    return InvalidArgument("--parallel: {} is outside [1, 256]", flags.parallel);
  }
  FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                          OpenSession(flags.model, flags.parallel));
  return RunJsonLines(*session, flags.sampling.ToParams(session->model->checkpoint.generation),
                      flags.parallel, std::cin, stdout);
}

}  // namespace

Command MakeRunCommand() {
  auto flags = std::make_shared<RunFlags>();
  Command command;
  command.name = "run";
  command.summary = "answer a prompt, or many";
  command.description =
      "Answers one prompt: --prompt, --messages, or text on standard input. The answer goes to "
      "standard output; reasoning, tool calls and figures go to standard error. With --jsonl every "
      "line of standard input is a request and gets a line, in order: {\"messages\": [...], "
      "\"tools\": [...], \"thinking\": false, \"temperature\": 0, \"max_tokens\": 200}.";
  command.flags = ModelFlagTable(&flags->model);
  const std::vector<Flag> own = {
      {.name = "-p,--prompt",
       .value = "TEXT",
       .help = "what the user says",
       .target = &flags->prompt},
      {.name = "--system", .value = "TEXT", .help = "system message", .target = &flags->system},
      {.name = "--messages",
       .value = "FILE",
       .help = "JSON array of messages (OpenAI form)",
       .target = &flags->messages_file},
      {.name = "--tools",
       .value = "FILE",
       .help = "JSON array of tool definitions; calls are printed, not run",
       .target = &flags->tools_file},
      {.name = "--use-tools",
       .value = "",
       .help = "let the model use the built-in tools: calculator, clock, with --files also files",
       .target = &flags->use_tools},
      {.name = "--files",
       .value = "DIR",
       .help = "the folder whose files the tools may read",
       .target = &flags->files},
      {.name = "--json-schema",
       .value = "FILE",
       .help = "the answer is JSON, valid against the schema in this file",
       .target = &flags->schema_file},
      {.name = "--thinking", .value = "", .help = "reason first", .target = &flags->thinking},
      {.name = "--thinking-budget",
       .value = "N",
       .help = "with --thinking: answer after N tokens of reasoning",
       .target = &flags->thinking_budget},
      {.name = "--json",
       .value = "",
       .help = "print the answer as one JSON object",
       .target = &flags->json},
      {.name = "--jsonl",
       .value = "",
       .help = "requests and answers as JSON lines",
       .target = &flags->jsonl},
      {.name = "--parallel",
       .value = "N",
       .help = "with --jsonl: requests that run at once [8]",
       .target = &flags->parallel},
      {.name = "-q,--quiet", .value = "", .help = "no figures at the end", .target = &flags->quiet},
  };
  command.flags.insert(command.flags.end(), own.begin(), own.end());
  const std::vector<Flag> sampling = SamplingFlagTable(&flags->sampling);
  command.flags.insert(command.flags.end(), sampling.begin(), sampling.end());
  command.run = [flags] { return Run(*flags); };
  return command;
}

}  // namespace fathom
