// fathom bench: how fast this build runs a model on this machine, and where the time goes.
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/number_list.h"
#include "bench/profile.h"
#include "bench/profile_svg.h"
#include "bench/report.h"
#include "bench/speed_run.h"
#include "bench_mtp.h"
#include "bench_session.h"
#include "command.h"
#include "commands.h"
#include "cpu/kernels/dispatch.h"
#include "interrupt.h"
#include "json/write.h"
#include "kv/page_table.h"
#include "model_flags.h"
#include "parallel/topology.h"
#include "status_line.h"
#include "terminal/terminal_text.h"

namespace fathom {
namespace {

struct BenchFlags {
  ModelFlags model;
  std::string prompt = "512", generate = "64", depth = "0", threads = "0", batch = "1";
  int64_t repetitions = 3;
  std::optional<std::string> text, svg;
  bool profile = false, mtp = false, json = false;
};

constexpr int64_t kMostTokens = int64_t{1} << 24;

struct BenchPlan {
  std::vector<int64_t> prompts, generations, depths, threads, batches;
  int64_t repetitions = 0;

  int64_t Context() const {
    int64_t context = 0;
    for (const int64_t depth : depths) {
      for (const BenchPoint& point : PointsAt(depth, 1)) {
        context = std::max(context, ContextFor(point));
      }
    }
    return context;
  }
  std::vector<BenchPoint> PointsAt(int64_t depth, int64_t threads_used) const {
    std::vector<BenchPoint> points;
    for (const int64_t n : prompts) points.push_back({Phase::kPrompt, n, depth, threads_used});
    for (const int64_t n : generations) {
      for (const int64_t batch : batches) {
        points.push_back({Phase::kGeneration, n, depth, threads_used, batch});
      }
    }
    return points;
  }
  // The last of each list.
  std::vector<BenchPoint> ProfiledPoints() const {
    BenchPlan last = *this;
    for (auto* list : {&last.prompts, &last.generations, &last.batches}) {
      if (list->size() > 1) list->erase(list->begin(), list->end() - 1);
    }
    return last.PointsAt(depths.back(), threads.back());
  }
};

Result<BenchPlan> MakePlan(const BenchFlags& flags) {
  constexpr int64_t kMostThreads = 4096, kMostRepetitions = 1000;
  BenchPlan plan;
  FATHOM_ASSIGN_OR_RETURN(plan.prompts, ParseNumberList("--prompt", flags.prompt, 0, kMostTokens));
  FATHOM_ASSIGN_OR_RETURN(plan.generations,
                          ParseNumberList("--generate", flags.generate, 0, kMostTokens));
  FATHOM_ASSIGN_OR_RETURN(plan.depths, ParseNumberList("--depth", flags.depth, 0, kMostTokens));
  FATHOM_ASSIGN_OR_RETURN(plan.threads,
                          ParseNumberList("--threads", flags.threads, 0, kMostThreads));
  constexpr int64_t kLargestBatch = 1024;
  FATHOM_ASSIGN_OR_RETURN(plan.batches, ParseNumberList("--batch", flags.batch, 1, kLargestBatch));
  for (int64_t& depth : plan.depths) depth = PagesFor(depth) * kPageTokens;
  plan.depths.erase(std::unique(plan.depths.begin(), plan.depths.end()), plan.depths.end());
  std::erase(plan.prompts, 0);
  std::erase(plan.generations, 0);
  if (plan.prompts.empty() && plan.generations.empty()) {
    return InvalidArgument("--prompt and --generate: both are 0, which leaves nothing to measure");
  }
  for (int64_t& threads : plan.threads) {
    if (threads == 0) threads = UsableCores();
  }
  if (flags.repetitions < 1 || flags.repetitions > kMostRepetitions) {
    return InvalidArgument("--repetitions: {} is outside [1, {}]", flags.repetitions,
                           kMostRepetitions);
  }
  plan.repetitions = flags.repetitions;
  return plan;
}

Status CheckFlags(const BenchFlags& flags) {
  if (flags.svg && !flags.profile) return InvalidArgument("--svg: needs --profile");
  if (flags.mtp && flags.profile) return InvalidArgument("--mtp and --profile exclude each other");
  return {};
}

std::string Describe(const BenchPoint& point) {
  return fmt::format("{} of {} tokens at depth {}, batch {}, {} thread{}", Name(point.phase),
                     point.tokens, point.depth, point.batch, point.threads,
                     point.threads == 1 ? "" : "s");
}

// Fills the report and prints it as it comes, so that whoever stops it has what was measured.
class BenchCommand {
 public:
  // Nothing is printed when `quiet`.
  BenchCommand(BenchPlan plan, ModelOptions options, BenchVocabulary vocabulary,
               const PromptSource& prompts, const InterruptScope& interrupt, bool quiet,
               BenchReport* report)
      : plan_(std::move(plan)),
        options_(std::move(options)),
        vocabulary_(std::move(vocabulary)),
        prompts_(prompts),
        interrupt_(interrupt),
        quiet_(quiet),
        report_(report) {}

  Status MeasureSpeeds() {
    for (const int64_t threads : plan_.threads) {
      FATHOM_ASSIGN_OR_RETURN(const BenchSession session, Open(threads, false));
      SpeedRun run = MakeRun(session);
      for (const int64_t depth : plan_.depths) {
        status_.Show(fmt::format("filling a depth of {}", depth));
        FATHOM_RETURN_IF_ERROR(run.Fill(depth));
        for (const BenchPoint& point : plan_.PointsAt(depth, threads)) {
          FATHOM_RETURN_IF_ERROR(MeasurePoint(run, point));
        }
      }
    }
    return {};
  }

  Status MeasureProfiles() {
    const int64_t threads = plan_.threads.back();
    FATHOM_ASSIGN_OR_RETURN(const BenchSession session, Open(threads, true));
    status_.Show("measuring the machine's limits");
    FATHOM_RETURN_IF_ERROR(MeasureLimits(static_cast<int>(threads)));
    SpeedRun run = MakeRun(session);
    status_.Show(fmt::format("filling a depth of {}", plan_.depths.back()));
    FATHOM_RETURN_IF_ERROR(run.Fill(plan_.depths.back()));
    for (const BenchPoint& point : plan_.ProfiledPoints()) {
      status_.Show("profile: " + Describe(point));
      FATHOM_ASSIGN_OR_RETURN(
          Profile profile,
          MeasureProfile(run, *session.profiler, *session.engine, point, plan_.repetitions));
      report_->profiles.push_back(std::move(profile));
    }
    return {};
  }

 private:
  Result<BenchSession> Open(int64_t threads, bool with_profiler) {
    status_.Show("reading the model");
    options_.threads = static_cast<int>(threads);
    FATHOM_ASSIGN_OR_RETURN(BenchSession session,
                            OpenBenchSession(options_, vocabulary_.has_token, with_profiler,
                                             [this] { return interrupt_.Check(); }));
    options_.read_weights = false;  // once is enough
    if (!report_->setting.model.empty()) return session;
    const std::string prompts = report_->setting.prompts;
    FATHOM_ASSIGN_OR_RETURN(report_->setting, DescribeSetting(session, options_));
    report_->setting.prompts = prompts;
    Print(HeadText(*report_));
    return session;
  }

  void Print(const std::string& text) {
    if (quiet_) return;
    status_.Clear();
    fmt::print("{}", SafeForTerminal(text));
    std::fflush(stdout);
  }

  SpeedRun MakeRun(const BenchSession& session) {
    return SpeedRun(*session.engine, *session.model->backend, prompts_,
                    session.model->checkpoint.config.num_hidden_layers,
                    [this] { return interrupt_.Check(); });
  }

  Status MeasurePoint(SpeedRun& run, const BenchPoint& point) {
    PointResult result{point, {}};
    Status status;
    for (int64_t i = 0; i <= plan_.repetitions && status.ok(); ++i) {
      status_.Show(Describe(point) +
                   (i == 0 ? ", warming up" : fmt::format(", {} of {}", i, plan_.repetitions)));
      const Result<BenchSample> sample = run.Measure(point);
      status = sample.status();
      if (sample.ok() && i > 0) result.samples.push_back(*sample);
    }
    if (result.samples.empty()) return status;
    Print(ResultText(result));
    report_->results.push_back(std::move(result));
    return status;
  }

  Status MeasureLimits(int threads) {
    FATHOM_ASSIGN_OR_RETURN(const KernelTable* kernels, ChooseKernelsFromEnvironment());
    ProfileLimits limits;
    limits.numerics = options_.numerics;
    FATHOM_ASSIGN_OR_RETURN(limits.core, MeasureMachineLimits(*kernels, 1));
    limits.machine = limits.core;
    if (threads > 1) {
      FATHOM_ASSIGN_OR_RETURN(limits.machine, MeasureMachineLimits(*kernels, threads));
    }
    report_->limits = limits;
    return {};
  }

  const BenchPlan plan_;
  ModelOptions options_;
  const BenchVocabulary vocabulary_;
  const PromptSource& prompts_;
  const InterruptScope& interrupt_;
  const bool quiet_;
  BenchReport* const report_;
  StatusLine status_;
};

// Asked before anything is measured: a wrong path should not cost the run. What the file holds
// stays until there is a new picture.
Status CheckSvgPath(const std::string& path) {
  return std::ofstream(path, std::ios::app) ? Status()
                                            : NotFound("--svg: {}: {}", path, std::strerror(errno));
}

Status WriteSvg(const std::string& path, const BenchReport& report) {
  std::ofstream file(path, std::ios::binary);
  file << ProfileSvg(report);
  file.close();
  return file ? Status() : Internal("--svg: {}: {}", path, std::strerror(errno));
}

Result<int> RunSpeedBench(const BenchFlags& flags, ModelOptions options,
                          const InterruptScope& interrupt) {
  FATHOM_ASSIGN_OR_RETURN(const BenchPlan plan, MakePlan(flags));
  options.context = plan.Context();
  options.sequences = *std::max_element(plan.batches.begin(), plan.batches.end());
  options.logit_rows = std::max(options.logit_rows, options.sequences);
  FATHOM_ASSIGN_OR_RETURN(BenchVocabulary vocabulary, OpenBenchVocabulary(options.folder));
  if (*options.context > vocabulary.most_context) {
    return InvalidArgument(
        "--depth with --prompt or --generate: {} tokens, and max_position_embeddings is {}",
        *options.context, vocabulary.most_context);
  }
  if (flags.svg) FATHOM_RETURN_IF_ERROR(CheckSvgPath(*flags.svg));
  BenchReport report;
  report.repetitions = plan.repetitions;
  report.setting.prompts = flags.text.value_or("random tokens");
  std::vector<int32_t> text;
  if (flags.text) {
    FATHOM_ASSIGN_OR_RETURN(text, TokensOfFile(vocabulary, *flags.text));
  }
  FATHOM_ASSIGN_OR_RETURN(const PromptSource prompts,
                          PromptSource::Make(vocabulary.ordinary, std::move(text)));
  Status status;
  {
    BenchCommand command(plan, std::move(options), std::move(vocabulary), prompts, interrupt,
                         flags.json, &report);
    status = command.MeasureSpeeds();
    if (status.ok() && flags.profile) status = command.MeasureProfiles();
  }
  report.interrupted = status.code() == Code::kCancelled && !report.setting.model.empty();
  if (!report.interrupted) FATHOM_RETURN_IF_ERROR(status);
  if (flags.json) {
    fmt::print("{}\n", json::Dump(ReportJson(report), json::Style::kPython));
  } else {
    fmt::print("{}", SafeForTerminal(FootText(report)));
  }
  if (flags.svg && !report.profiles.empty()) {
    FATHOM_RETURN_IF_ERROR(WriteSvg(*flags.svg, report));
  }
  constexpr int kInterrupted = 130;
  return report.interrupted ? kInterrupted : 0;
}

Result<int> RunBench(const BenchFlags& flags) {
  FATHOM_RETURN_IF_ERROR(CheckFlags(flags));
  FATHOM_ASSIGN_OR_RETURN(ModelOptions options, flags.model.ToOptions());
  const InterruptScope interrupt;
  if (!flags.mtp) return RunSpeedBench(flags, std::move(options), interrupt);
  FATHOM_ASSIGN_OR_RETURN(const BenchPlan plan, MakePlan(flags));
  options.threads = static_cast<int>(plan.threads.back());
  return RunMtpBench(std::move(options), flags.text, flags.json,
                     [&interrupt] { return interrupt.Check(); });
}

std::vector<Flag> BenchFlagTable(BenchFlags* flags) {
  std::vector<Flag> table = ModelFlagTable(&flags->model);
  // The context is what the tests need, and threads are a list.
  std::erase_if(
      table, [](const Flag& flag) { return flag.name == "--context" || flag.name == "--threads"; });
  const std::vector<Flag> own = {
      {.name = "--prompt",
       .value = "LIST",
       .help = "prompt sizes to measure, such as 128,1024; 0: none [512]",
       .target = &flags->prompt},
      {.name = "--generate",
       .value = "LIST",
       .help = "numbers of generated tokens to measure; 0: none [64]",
       .target = &flags->generate},
      {.name = "--depth",
       .value = "LIST",
       .help =
           "tokens of context that each test runs on top of, rounded up to whole pages of 64 [0]",
       .target = &flags->depth},
      {.name = "--batch",
       .value = "LIST",
       .help = "how many requests generate at once, each with a context of its own [1]",
       .target = &flags->batch},
      {.name = "--threads",
       .value = "LIST",
       .help = "numbers of threads; 0: every core this process may use [0]",
       .target = &flags->threads},
      {.name = "-r,--repetitions",
       .value = "N",
       .help = "how often each test is repeated, after one run that warms up [3]",
       .target = &flags->repetitions},
      {.name = "--text",
       .value = "FILE",
       .help = "take tokens from this text, not random ones (with --mtp: not the model's own text)",
       .target = &flags->text},
      {.name = "--profile",
       .value = "",
       .help = "also show the share of every operation, for the last value of each list",
       .target = &flags->profile},
      {.name = "--svg",
       .value = "FILE",
       .help = "write the profile as a picture",
       .target = &flags->svg},
      {.name = "--mtp",
       .value = "",
       .help = "instead of speed, measure how often the MTP layer guesses right",
       .target = &flags->mtp},
      {.name = "--json", .value = "", .help = "print one JSON object", .target = &flags->json},
  };
  table.insert(table.end(), own.begin(), own.end());
  return table;
}

}  // namespace

Command MakeBenchCommand() {
  auto flags = std::make_shared<BenchFlags>();
  Command command;
  command.name = "bench";
  command.summary = "measure speed, where the time goes, and the MTP layer's guesses";
  command.description =
      "Measures prompts and generation on top of several depths of context and with several "
      "numbers of threads, and prints medians with the smallest and largest value. Ctrl-C prints "
      "what was measured so far. docs/bench.md says what the columns mean.";
  command.flags = BenchFlagTable(flags.get());
  command.run = [flags] { return RunBench(*flags); };
  return command;
}

}  // namespace fathom
