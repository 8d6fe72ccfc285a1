#include "engine/scheduler.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/check.h"
#include "kv/page_table.h"

namespace fathom {
namespace {

bool RanksBefore(const SequenceView& a, const SequenceView& b) {
  return std::tuple(b.priority, a.arrival) < std::tuple(a.priority, b.arrival);
}

// Generating ones first, each kind by rank; without those that have nothing to compute.
std::vector<size_t> OrderOfTurns(std::span<const SequenceView> views) {
  std::vector<size_t> order;
  for (size_t i = 0; i < views.size(); ++i) {
    if (views[i].uncached > 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (views[a].generating != views[b].generating) return views[a].generating;
    return RanksBefore(views[a], views[b]);
  });
  return order;
}

size_t Lowest(std::span<const SequenceView> views) {
  return static_cast<size_t>(std::max_element(views.begin(), views.end(), RanksBefore) -
                             views.begin());
}

}  // namespace

std::optional<size_t> NextToAdmit(std::span<const WaitingView> views) {
  if (views.empty()) return std::nullopt;
  const auto key = [](const WaitingView& v) {
    const bool overdue = v.overtaken >= kMostOvertaken;
    return std::tuple(-int64_t{v.priority}, !overdue, overdue ? 0 : v.served, v.arrival);
  };
  const auto first = std::min_element(
      views.begin(), views.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  return static_cast<size_t>(first - views.begin());
}

bool HasRoomFor(const AdmissionView& view) {
  return view.running == 0 || view.needed + view.owed + view.running <= view.pages;
}

StepPlan PlanStep(std::span<const SequenceView> views, const StepLimits& limits) {
  FATHOM_CHECK(limits.logit_rows >= static_cast<int64_t>(views.size()),
               "{} rows of logits for {} sequences", limits.logit_rows, views.size());
  const std::vector<size_t> order = OrderOfTurns(views);
  const bool mixed = !order.empty() && views[order[0]].generating;
  StepPlan plan;
  int64_t tokens_left = limits.step_tokens;
  int64_t prompt_left = mixed ? limits.mixed_prompt_tokens : limits.step_tokens;
  int64_t pages_left = limits.pages;
  int64_t rows_left = limits.logit_rows;
  for (size_t turn = 0; turn < order.size(); ++turn) {
    const SequenceView& view = views[order[turn]];
    int64_t tokens = std::min(view.uncached, tokens_left);
    if (!view.generating) tokens = std::min(tokens, prompt_left);
    // Everybody behind keeps a row.
    if (view.all_rows) {
      tokens = std::min(tokens, rows_left - static_cast<int64_t>(order.size() - turn - 1));
    }
    if (tokens == 0) continue;
    const int64_t fits = view.room + pages_left * kPageTokens;
    if (fits == 0) {
      FATHOM_CHECK(views.size() > 1, "no page for the only sequence");
      return {{}, Lowest(views)};
    }
    tokens = std::min(tokens, fits);
    plan.shares.push_back({order[turn], tokens});
    tokens_left -= tokens;
    if (!view.generating) prompt_left -= tokens;
    pages_left -= PagesFor(std::max<int64_t>(0, tokens - view.room));
    rows_left -= view.all_rows ? tokens : tokens == view.uncached ? 1 : 0;
  }
  return plan;
}

}  // namespace fathom
