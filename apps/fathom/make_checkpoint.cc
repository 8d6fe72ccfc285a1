// fathom make-checkpoint: random weights in the published format, at any size.
#include <cstdio>
#include <memory>

#include "base/number_text.h"
#include "checkpoint/random_checkpoint.h"
#include "commands.h"
#include "interrupt.h"
#include "json/parse.h"
#include "progress.h"

namespace fathom {
namespace {

struct Options {
  std::string config, out, tokenizer;
  std::string dtype = "fp8";
  std::optional<int64_t> layers;
  int64_t seed = 0;
  int64_t shard_bytes = RandomCheckpointOptions().shard_bytes;
  bool mtp = false, no_mtp = false, sparse = false;
};

DType MatrixType(const std::string& name) {
  return name == "fp8" ? DType::kF8E4M3 : name == "bf16" ? DType::kBF16 : DType::kF32;
}

Result<RandomCheckpointOptions> ToPlanOptions(const Options& options) {
  if (options.mtp && options.no_mtp)
    return InvalidArgument("--mtp and --no-mtp exclude each other");
  if (options.shard_bytes <= 0) {
    return InvalidArgument("--shard-bytes: {}, expected a positive number", options.shard_bytes);
  }
  RandomCheckpointOptions plan;
  plan.layers = options.layers;
  if (options.mtp || options.no_mtp) plan.mtp = options.mtp;
  plan.matrices = MatrixType(options.dtype);
  plan.seed = static_cast<uint64_t>(options.seed);
  plan.shard_bytes = options.shard_bytes;
  plan.sparse = options.sparse;
  plan.tokenizer = options.tokenizer;
  return plan;
}

Result<int> Run(const Options& options) {
  FATHOM_ASSIGN_OR_RETURN(const RandomCheckpointOptions plan_options, ToPlanOptions(options));
  FATHOM_ASSIGN_OR_RETURN(const json::Value config, json::ParseFile(options.config));
  const Result<RandomCheckpoint> plan = RandomCheckpoint::Plan(config, plan_options);
  if (!plan.ok()) return plan.status().At(options.config);

  const ModelConfig& model = plan->config();
  fmt::print("{}: {} layers{}, {} in {} shards{}\n", options.out, model.num_hidden_layers,
             model.num_nextn_predict_layers > 0 ? " and MTP" : "", FormatBytes(plan->bytes()),
             plan->shards().size(), options.sparse ? ", sparse" : "");
  std::fflush(stdout);

  const InterruptScope interrupt;
  Progress progress("writing", plan->bytes());
  FATHOM_RETURN_IF_ERROR(plan->Write(options.out, [&](int64_t done) {
    progress.Update(done);
    return interrupt.Check();
  }));
  return 0;
}

}  // namespace

Command MakeMakeCheckpointCommand() {
  auto options = std::make_shared<Options>();
  Command command;
  command.name = "make-checkpoint";
  command.summary = "write a checkpoint of random weights, for tests and benchmarks";
  command.description =
      "Writes a checkpoint of random weights in the published format: config.json, safetensors "
      "shards and their index. The shapes come from a config.json, the number of layers may be "
      "changed. The same seed gives the same weights on every machine.";
  command.flags = {
      {.name = "--config",
       .value = "FILE",
       .help = "the config.json whose shapes to use",
       .target = &options->config,
       .required = true},
      {.name = "--out",
       .value = "DIR",
       .help = "the folder to write: a new or an empty one",
       .target = &options->out,
       .required = true},
      {.name = "--layers",
       .value = "N",
       .help = "number of layers [as in the config]",
       .target = &options->layers},
      {.name = "--seed",
       .value = "N",
       .help = "which random weights [0]",
       .target = &options->seed},
      {.name = "--dtype",
       .value = "TYPE",
       .help = "type of the matrices; f32: of everything [fp8, as published]",
       .target = &options->dtype,
       .choices = {"fp8", "bf16", "f32"}},
      {.name = "--shard-bytes",
       .value = "N",
       .help = "largest shard [4250000000, as published]",
       .target = &options->shard_bytes},
      {.name = "--mtp",
       .value = "",
       .help = "with the MTP layer, whatever the config says",
       .target = &options->mtp},
      {.name = "--no-mtp",
       .value = "",
       .help = "without the MTP layer",
       .target = &options->no_mtp},
      {.name = "--sparse",
       .value = "",
       .help = "true headers, but holes in place of weights: takes no disk space",
       .target = &options->sparse},
      {.name = "--tokenizer",
       .value = "FILE",
       .help = "a tokenizer.json to copy into the folder",
       .target = &options->tokenizer},
  };
  command.run = [options] { return Run(*options); };
  return command;
}

}  // namespace fathom
