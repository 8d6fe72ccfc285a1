// true_size_check: runs the checks of docs/true-size.md on a checkpoint and says of each whether it
// is right. tools/check_true_size.sh makes the checkpoints and calls this.
//
//   true_size_check shards DIR                          opens a folder, every tensor checked
//   true_size_check run DIR [--tokens N] [--weights-from-disk] [--only PART]...
//
// PART is speed, layers, chunks or forms; all of them otherwise.

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/mapped_file.h"
#include "base/number_text.h"
#include "parallel/topology.h"
#include "true_size/checks.h"
#include "true_size/process_memory.h"

namespace fathom::true_size {
namespace {

constexpr int64_t kGenerated = 16, kChunk = 64;

constexpr std::array<std::string_view, 4> kParts = {"speed", "layers", "chunks", "forms"};

struct Flags {
  std::string command, folder;
  std::set<std::string, std::less<>> only;  // parts; empty: all
  int64_t tokens = 0;                       // 0: an eighth more than the indexer selects
  bool weights_from_disk = false;
};

Result<Flags> ParseFlags(int argc, char** argv) {
  constexpr std::string_view kUsage =
      "usage: true_size_check shards DIR | run DIR [--tokens N] [--weights-from-disk] "
      "[--only PART]...";
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--weights-from-disk") {
      flags.weights_from_disk = true;
    } else if (arg == "--only" && i + 1 < argc) {
      const std::string_view part = argv[++i];
      if (std::find(kParts.begin(), kParts.end(), part) == kParts.end()) {
        return InvalidArgument("--only: {}, expected {}", part, fmt::join(kParts, ", "));
      }
      flags.only.emplace(part);
    } else if (arg == "--tokens" && i + 1 < argc) {
      const std::string_view number = argv[++i];
      const auto [end, error] =
          std::from_chars(number.data(), number.data() + number.size(), flags.tokens);
      if (error != std::errc() || end != number.data() + number.size() || flags.tokens < 1) {
        return InvalidArgument("--tokens: {}, expected a positive number", number);
      }
    } else if (arg.starts_with("-") || !flags.folder.empty()) {
      return InvalidArgument("{}: not understood; {}", arg, kUsage);
    } else {
      (flags.command.empty() ? flags.command : flags.folder) = arg;
    }
  }
  if (flags.folder.empty() || (flags.command != "shards" && flags.command != "run")) {
    return InvalidArgument("{}", kUsage);
  }
  return flags;
}

class Checks {
 public:
  explicit Checks(const Flags& flags) : flags_(flags), pool_(UsableCores()) {}

  Result<bool> Run() {
    FATHOM_ASSIGN_OR_RETURN(const ModelConfig config, ReadConfig());
    topk_ = config.index_topk;
    const int64_t tokens = flags_.tokens > 0 ? flags_.tokens : topk_ + topk_ / 8;
    if (tokens <= topk_) {
      return InvalidArgument("--tokens: {}, expected more than index_topk = {}", tokens, topk_);
    }
    prompt_ = RandomPrompt(tokens, config.vocab_size);
    if (Wanted("speed")) FATHOM_RETURN_IF_ERROR(SpeedAndMemory());
    if (Wanted("layers") || Wanted("chunks") || Wanted("forms")) {
      Heading("the whole prompt in one chunk, reference numerics");
      FATHOM_ASSIGN_OR_RETURN(whole_, OpenAndRun({.chunk = tokens}));
    }
    if (Wanted("layers")) FATHOM_RETURN_IF_ERROR(Layers());
    if (Wanted("chunks")) FATHOM_RETURN_IF_ERROR(Chunks());
    if (Wanted("forms")) FATHOM_RETURN_IF_ERROR(Forms());
    fmt::print("\nmost memory resident at any time: {}, mapped weights included\n",
               FormatBytes(ProcessMemory("VmHWM")));
    return right_;
  }

 private:
  struct Form {
    Numerics numerics = Numerics::kReference;
    int64_t chunk = 512, dense_below = 0;
    bool keep = true;
  };

  bool Wanted(std::string_view part) const {
    return flags_.only.empty() || flags_.only.contains(part);
  }

  static void Heading(const std::string& text) {
    fmt::print("\n{}\n", text);
    std::fflush(stdout);
  }

  void Print(const Findings& findings) {
    for (const Finding& finding : findings) {
      fmt::print("  {}  {}: {}\n", finding.right ? "right" : "WRONG", finding.what, finding.figure);
      right_ &= finding.right;
    }
    std::fflush(stdout);
  }

  Result<std::unique_ptr<LoadedModel>> Open(const Form& form) {
    ModelOptions options;
    options.folder = flags_.folder;
    options.numerics = form.numerics;
    options.context = static_cast<int64_t>(prompt_.size()) + kGenerated;
    options.step_tokens = form.chunk;
    options.dense_below = form.dense_below;
    options.weights_from_disk = flags_.weights_from_disk;
    options.read_weights = !std::exchange(weights_were_read_, true);
    return OpenModel(options, [](const MemoryPlan& plan) {
      fmt::print("  {}\n", plan.Describe());
      std::fflush(stdout);
    });
  }

  Result<KeptRun> RunOn(LoadedModel& model, const Form& form) {
    const auto tokens = static_cast<int64_t>(prompt_.size());
    FATHOM_ASSIGN_OR_RETURN(KeptRun run, RunAndKeep(model, prompt_,
                                                    {.chunk = form.chunk,
                                                     .generate = kGenerated,
                                                     .logits_of = LayerPositions(tokens, topk_),
                                                     .keep = form.keep}));
    const auto print = [](int64_t count, double seconds, double cpu_seconds) {
      fmt::print("{:.1f} s, {:.2f} tokens/s, {:.1f} s of processor time\n", seconds,
                 static_cast<double>(count) / seconds, cpu_seconds);
    };
    fmt::print("  prompt of {} tokens in steps of {}: ", tokens, form.chunk);
    print(tokens, run.prompt_seconds, run.prompt_cpu_seconds);
    fmt::print("  {} tokens generated: ", kGenerated);
    print(kGenerated, run.generate_seconds, run.generate_cpu_seconds);
    std::fflush(stdout);
    return run;
  }

  Result<KeptRun> OpenAndRun(const Form& form) {
    FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<LoadedModel> model, Open(form));
    return RunOn(*model, form);
  }

  // First, so that nothing else has left its mark on the process.
  Status SpeedAndMemory() {
    Heading("speed and memory, fast numerics");
    const Form form = {.numerics = Numerics::kFast, .keep = false};
    const int64_t before = ProcessMemory("RssAnon");
    FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<LoadedModel> model, Open(form));
    fmt::print("  {}, opened in {:.1f} s\n", model->backend->Name(), model->load_seconds);
    std::fflush(stdout);
    FATHOM_ASSIGN_OR_RETURN(const KeptRun run, RunOn(*model, form));
    const int64_t planned = model->plan.cache + model->plan.activations;
    const int64_t taken = ProcessMemory("RssAnon") - before;
    // The allocator's own, the threads' scratch, the logits that were kept.
    const int64_t beside = 48 << 20;
    Print({{taken <= planned + beside, "memory beside the weights",
            fmt::format("{} of {} planned", FormatBytes(taken), FormatBytes(planned))}});
    const WorkCounters& work = run.work;
    Print({{work.latent_rows_read < work.latent_rows_held && work.dense_rows == 0,
            "attention reads the selected keys alone",
            fmt::format("{} of {}", FormatCount(work.latent_rows_read),
                        FormatCount(work.latent_rows_held))}});
    return {};
  }

  Result<ModelConfig> ReadConfig() const {
    FATHOM_ASSIGN_OR_RETURN(const Checkpoint checkpoint, OpenCheckpoint(flags_.folder));
    return checkpoint.config;
  }

  // With a mapping of its own, gone before the next model is opened: what is mapped twice counts
  // twice.
  Status Layers() {
    FATHOM_ASSIGN_OR_RETURN(const Checkpoint checkpoint, OpenCheckpoint(flags_.folder));
    for (const int64_t layer : std::set<int64_t>{0, checkpoint.config.num_hidden_layers - 1}) {
      Heading(fmt::format("layer {} against a double loop", layer));
      const Stopwatch watch;
      Print(CheckLayer(whole_, checkpoint, layer, pool_));
      fmt::print("  {:.0f} s\n", watch.seconds());
    }
    return {};
  }

  Status Chunks() {
    Heading(fmt::format("chunks of {} against one chunk, bit for bit", kChunk));
    FATHOM_ASSIGN_OR_RETURN(const KeptRun cut, OpenAndRun({.chunk = kChunk}));
    Print(CompareBits(whole_, cut));
    return {};
  }

  Status Forms() {
    Heading(fmt::format("absorbed form against multi-head form, positions below {}", topk_));
    FATHOM_ASSIGN_OR_RETURN(const KeptRun dense, OpenAndRun({.dense_below = topk_}));
    Print({{dense.work.dense_rows > 0 && whole_.work.dense_rows == 0, "each form was taken",
            fmt::format("{} queries multi-head, {} absorbed", dense.work.dense_rows,
                        dense.work.sparse_rows)}});
    Print(CompareWithinRounding(whole_, dense, topk_));
    return {};
  }

  const Flags flags_;
  ThreadPool pool_;
  int64_t topk_ = 0;
  std::vector<int32_t> prompt_;
  bool weights_were_read_ = false, right_ = true;
  KeptRun whole_;  // in one chunk, reference numerics
};

Result<bool> OpenShards(const std::string& folder) {
  const Stopwatch watch;
  FATHOM_ASSIGN_OR_RETURN(const Checkpoint checkpoint, OpenCheckpoint(folder));
  const double seconds = watch.seconds();
  std::set<int> files;
  int64_t elements = 0;
  for (const StoredTensor& tensor : checkpoint.tensors.tensors()) {
    files.insert(tensor.file);
    elements += tensor.view.elements();
  }
  fmt::print("  {} tensors in {} shards, {} elements, {}\n",
             FormatCount(static_cast<int64_t>(checkpoint.tensors.tensors().size())), files.size(),
             FormatCount(elements), FormatBytes(checkpoint.tensors.bytes()));
  fmt::print("  right  every tensor is there, with its shape and type: {:.2f} s, {} resident\n",
             seconds, FormatBytes(ProcessMemory("VmHWM")));
  return true;
}

int Main(int argc, char** argv) {
  GuardMappedFiles();
  const Result<Flags> flags = ParseFlags(argc, argv);
  const Result<bool> right = !flags.ok()                  ? Result<bool>(flags.status())
                             : flags->command == "shards" ? OpenShards(flags->folder)
                                                          : Checks(*flags).Run();
  if (!right.ok()) {
    fmt::print(stderr, "error: {}\n", right.status().message());
    return 1;
  }
  if (!*right) fmt::print("\nsomething is WRONG, see above\n");
  return *right ? 0 : 1;
}

}  // namespace
}  // namespace fathom::true_size

int main(int argc, char** argv) { return fathom::true_size::Main(argc, argv); }
