// fathom inspect: what a model folder holds, what it needs, and whether its weights are numbers.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/number_text.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/weight_check.h"
#include "commands.h"
#include "inspect_report.h"
#include "interrupt.h"
#include "json/write.h"
#include "model_path.h"
#include "progress.h"

namespace fathom {
namespace {

struct Options {
  std::string model;
  bool tensors = false, json = false, check = false;
};

// A path that names a config.json itself, rather than the folder that holds it.
bool IsConfigFile(const std::string& path) {
  std::error_code ignored;
  return path.ends_with(".json") && std::filesystem::is_regular_file(path, ignored);
}

Result<InspectReport> ReportOnConfig(const std::string& path) {
  InspectReport report{.path = path, .config = {}, .generation = {}, .tensors = {}};
  FATHOM_ASSIGN_OR_RETURN(report.config, LoadModelConfig(path));
  report.tensors = PublishedTensors(report.config);
  report.has_mtp = report.config.num_nextn_predict_layers > 0;
  return report;
}

void Print(const InspectReport& report, const Options& options) {
  if (options.json) {
    fmt::print("{}\n", json::Dump(ReportJson(report, options.tensors), json::Style::kPython));
  } else {
    fmt::print("{}", ReportText(report));
    if (options.tensors) fmt::print("\n{}", TensorTableText(report));
  }
  std::fflush(stdout);
}

Status Check(const Checkpoint& checkpoint, const InterruptScope& interrupt) {
  const int64_t total = checkpoint.tensors.bytes();
  Progress progress("checking", total);
  return CheckAllTensors(checkpoint, [&](int64_t done) {
    progress.Update(done);
    if (!interrupt.interrupted()) return Status();
    return Cancelled("interrupted after {} of {}, in which every weight is a number",
                     FormatBytes(done), FormatBytes(total));
  });
}

Result<int> Run(const Options& options) {
  FATHOM_ASSIGN_OR_RETURN(const std::string path, ResolveModelPath(options.model));
  if (IsConfigFile(path)) {
    if (options.check) {
      return InvalidArgument("--check needs a model folder, {} is a file", path);
    }
    FATHOM_ASSIGN_OR_RETURN(const InspectReport report, ReportOnConfig(path));
    Print(report, options);
    return 0;
  }
  // From before the first output on: whoever sees it may press Ctrl-C.
  std::optional<InterruptScope> interrupt;
  if (options.check) interrupt.emplace();
  FATHOM_ASSIGN_OR_RETURN(const Checkpoint checkpoint, OpenCheckpoint(path));
  Print({.path = path,
         .config = checkpoint.config,
         .generation = checkpoint.generation,
         .tensors = StoredTensors(checkpoint),
         .stored = true,
         .has_mtp = checkpoint.has_mtp},
        options);
  if (options.check) {
    FATHOM_RETURN_IF_ERROR(Check(checkpoint, *interrupt));
    if (!options.json) {
      fmt::print("\nEvery weight is a number: checked {}\n",
                 FormatBytes(checkpoint.tensors.bytes()));
    }
  }
  return 0;
}

}  // namespace

Command MakeInspectCommand() {
  auto options = std::make_shared<Options>();
  Command command;
  command.name = "inspect";
  command.summary = "show what a model folder holds and how much memory it needs";
  command.description =
      "Opens a model folder, checks every tensor's presence, type and shape against config.json, "
      "and prints the configuration, the tensors by kind and the memory needed at several context "
      "lengths. Given a config.json alone, describes the checkpoint that would belong to it.";
  command.flags = {
      {.name = "MODEL",
       .value = "FILE",
       .help = "model folder, or a config.json; left out: the bundled fathom-nano",
       .target = &options->model},
      {.name = "--tensors",
       .value = "",
       .help = "list every tensor: name, type, shape, size",
       .target = &options->tensors},
      {.name = "--check",
       .value = "",
       .help = "read all weights and look for NaN, infinities and impossible scales",
       .target = &options->check},
      {.name = "--json", .value = "", .help = "print one JSON object", .target = &options->json},
  };
  command.run = [options] { return Run(*options); };
  return command;
}

}  // namespace fathom
