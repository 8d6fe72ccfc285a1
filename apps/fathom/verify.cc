// fathom verify: this build on this machine against golden data.

#include <fmt/core.h>

#include <memory>

#include "command.h"
#include "commands.h"
#include "json/write.h"
#include "model_flags.h"
#include "runtime/verify.h"

namespace fathom {
namespace {

struct VerifyFlags {
  ModelFlags model;
  std::string golden;
  int64_t chunk = 512;
  int64_t batch = 1;
  bool json = false;
};

json::Value ToJson(const VerifyReport& report) {
  json::Object tensors;
  for (const TensorReport& t : report.tensors) {
    json::Object fields;
    const auto add = [&](const char* name, const auto& value) {
      if (value) fields.Set(name, *value);
    };
    add("max_abs", t.max_abs);
    add("mean_abs", t.mean_abs);
    add("mean_kl", t.mean_kl);
    add("top1", t.top1);
    add("overlap", t.overlap);
    add("equal_tokens", t.equal_tokens);
    add("margin_at_difference", t.margin_at_difference);
    if (!t.ok) fields.Set("why", t.why);
    tensors.Set(t.name, std::move(fields));
  }
  json::Object root;
  root.Set("ok", report.ok);
  root.Set("tensors", std::move(tensors));
  if (!report.first_bad_layer.empty()) root.Set("first_bad_layer", report.first_bad_layer);
  root.Set("digest", fmt::format("{:016x}", report.digest));
  return root;
}

std::string Cell(const std::optional<double>& value, const char* form) {
  return value ? fmt::format(fmt::runtime(form), *value) : "";
}

void PrintTable(const VerifyReport& report) {
  fmt::print("{:<28}{:>11}{:>11}{:>11}{:>9}{:>9}\n", "tensor", "largest", "mean", "mean KL",
             "top-1", "overlap");
  for (const TensorReport& t : report.tensors) {
    fmt::print("{:<28}{:>11}{:>11}{:>11}{:>9}{:>9}", t.name, Cell(t.max_abs, "{:.2e}"),
               Cell(t.mean_abs, "{:.2e}"), Cell(t.mean_kl, "{:.2e}"), Cell(t.top1, "{:.4f}"),
               Cell(t.overlap, "{:.4f}"));
    if (t.equal_tokens) fmt::print("  {} equal tokens", *t.equal_tokens);
    if (t.margin_at_difference) fmt::print(", then a margin of {:.4f}", *t.margin_at_difference);
    if (!t.ok) fmt::print("  FAILED: {}", t.why);
    fmt::print("\n");
  }
}

Result<int> RunVerify(const VerifyFlags& flags) {
  if (flags.chunk < 0) return InvalidArgument("--chunk: {} is negative", flags.chunk);
  if (flags.batch < 1) return InvalidArgument("--batch: {} is not positive", flags.batch);
  FATHOM_ASSIGN_OR_RETURN(const std::vector<GoldenCase> cases, ReadGolden(flags.golden));
  FATHOM_ASSIGN_OR_RETURN(ModelOptions options, flags.model.ToOptions());
  const VerifyOptions verify = {flags.chunk, flags.batch};
  FitOptions(cases, verify, &options);
  FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<LoadedModel> model, OpenModel(options));
  FATHOM_ASSIGN_OR_RETURN(const VerifyReport report, Verify(*model, cases, verify));
  if (flags.json) {
    fmt::print("{}\n", json::Dump(ToJson(report), json::Style::kPython));
    return report.ok ? 0 : 1;
  }
  PrintTable(report);
  const WorkCounters work = model->backend->counters();
  fmt::print("\n{}, numerics {}, cache {}, chunks of {}, {} at once: {} tokens in {:.2f} s\n",
             model->backend->Name(), Name(options.numerics), Name(model->cache->layout().type),
             flags.chunk == 0 ? "everything" : fmt::format("{}", flags.chunk), flags.batch,
             report.tokens, report.seconds);
  fmt::print("attention read {} of {} cached rows ({} queries absorbed, {} multi-head)\n",
             work.latent_rows_read, work.latent_rows_held, work.sparse_rows, work.dense_rows);
  fmt::print("digest {:016x}: equal digests mean equal bits\n", report.digest);
  if (!report.first_bad_layer.empty()) {
    fmt::print("first to leave its bound: {}\n", report.first_bad_layer);
  }
  fmt::print("{}\n", report.ok ? "ok" : "NOT OK: the numbers differ from the golden data");
  return report.ok ? 0 : 1;
}

}  // namespace

Command MakeVerifyCommand() {
  auto flags = std::make_shared<VerifyFlags>();
  Command command;
  command.name = "verify";
  command.summary = "compare this build on this machine with golden data";
  command.description =
      "Runs the cases of a golden file and compares logits, hidden states, selected positions, the "
      "MTP layer and greedy continuations. Exit code 0 when everything lies within the bounds of "
      "docs/numerics.md, 1 otherwise.";
  command.flags = ModelFlagTable(&flags->model);
  command.flags.push_back({.name = "--golden",
                           .value = "FILE",
                           .help = "golden file (safetensors)",
                           .target = &flags->golden,
                           .required = true});
  command.flags.push_back({.name = "--chunk",
                           .value = "N",
                           .help = "tokens of a case per step; 0: the whole prompt [512]",
                           .target = &flags->chunk});
  command.flags.push_back(
      {.name = "--batch", .value = "N", .help = "cases run at once [1]", .target = &flags->batch});
  command.flags.push_back(
      {.name = "--json", .value = "", .help = "print one JSON object", .target = &flags->json});
  command.run = [flags] { return RunVerify(*flags); };
  return command;
}

}  // namespace fathom
