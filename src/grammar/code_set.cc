#include "grammar/code_set.h"

#include <algorithm>
#include <map>
#include <utility>

namespace fathom::grammar {
namespace {

constexpr char32_t kLast = 0x10FFFF;
constexpr char32_t kFirstSurrogate = 0xD800, kLastSurrogate = 0xDFFF;

}  // namespace

CodeSet MakeCodeSet(std::vector<CodeRange> ranges) {
  std::vector<CodeRange> parts;
  for (const CodeRange& range : ranges) {
    const CodeRange below = {range.low, std::min<char32_t>(range.high, kFirstSurrogate - 1)};
    const CodeRange above = {std::max<char32_t>(range.low, kLastSurrogate + 1),
                             std::min(range.high, kLast)};
    if (below.low <= below.high) parts.push_back(below);
    if (above.low <= above.high) parts.push_back(above);
  }
  std::ranges::sort(parts, {}, &CodeRange::low);
  CodeSet set;
  for (const CodeRange& part : parts) {
    if (!set.empty() && part.low <= set.back().high + 1) {
      set.back().high = std::max(set.back().high, part.high);
    } else {
      set.push_back(part);
    }
  }
  return set;
}

CodeSet AllCodes() { return MakeCodeSet({{0, kLast}}); }

CodeSet Complement(const CodeSet& set) {
  std::vector<CodeRange> gaps;
  char32_t next = 0;
  for (const CodeRange& range : set) {
    if (range.low > next) gaps.push_back({next, range.low - 1});
    next = range.high + 1;
  }
  if (next <= kLast) gaps.push_back({next, kLast});
  return MakeCodeSet(std::move(gaps));
}

bool Has(const CodeSet& set, char32_t code) {
  const auto after = std::ranges::upper_bound(set, code, {}, &CodeRange::low);
  return after != set.begin() && code <= std::prev(after)->high;
}

int32_t CodeClasses::Of(char32_t code) const {
  const auto after = std::ranges::upper_bound(starts, code);
  return class_of[static_cast<size_t>(after - starts.begin()) - 1];
}

CodeClasses MakeClasses(const std::vector<CodeSet>& sets,
                        std::vector<std::vector<int32_t>>* members) {
  CodeClasses classes;
  classes.starts = {0, kFirstSurrogate, kLastSurrogate + 1};
  for (const CodeSet& set : sets) {
    for (const CodeRange& range : set) {
      classes.starts.push_back(range.low);
      if (range.high < kLast) classes.starts.push_back(range.high + 1);
    }
  }
  std::ranges::sort(classes.starts);
  const auto same = std::ranges::unique(classes.starts);
  classes.starts.erase(same.begin(), same.end());

  // The sets that hold an interval are what tells its characters from others.
  std::vector<std::vector<int32_t>> holders(classes.starts.size());
  for (size_t s = 0; s < sets.size(); ++s) {
    for (const CodeRange& range : sets[s]) {
      auto at = static_cast<size_t>(std::ranges::lower_bound(classes.starts, range.low) -
                                    classes.starts.begin());
      for (; at < holders.size() && classes.starts[at] <= range.high; ++at) {
        holders[at].push_back(static_cast<int32_t>(s));
      }
    }
  }
  std::map<std::vector<int32_t>, int32_t> ids;
  for (size_t i = 0; i < holders.size(); ++i) {
    if (classes.starts[i] == kFirstSurrogate) {
      classes.class_of.push_back(-1);
      continue;
    }
    const auto [found, added] = ids.try_emplace(holders[i], classes.count);
    if (added) ++classes.count;
    classes.class_of.push_back(found->second);
  }
  if (members != nullptr) {
    members->assign(sets.size(), {});
    for (const auto& [holding, id] : ids) {
      for (const int32_t set : holding) (*members)[static_cast<size_t>(set)].push_back(id);
    }
  }
  return classes;
}

CodeClasses Refine(const CodeClasses& a, const CodeClasses& b, std::vector<int32_t>* of_a,
                   std::vector<int32_t>* of_b) {
  CodeClasses classes;
  std::ranges::set_union(a.starts, b.starts, std::back_inserter(classes.starts));
  std::map<std::pair<int32_t, int32_t>, int32_t> ids;
  of_a->clear();
  of_b->clear();
  size_t i = 0, j = 0;
  for (const char32_t start : classes.starts) {
    while (i + 1 < a.starts.size() && a.starts[i + 1] <= start) ++i;
    while (j + 1 < b.starts.size() && b.starts[j + 1] <= start) ++j;
    if (a.class_of[i] < 0) {
      classes.class_of.push_back(-1);
      continue;
    }
    const auto [found, added] = ids.try_emplace({a.class_of[i], b.class_of[j]}, classes.count);
    if (added) {
      ++classes.count;
      of_a->push_back(a.class_of[i]);
      of_b->push_back(b.class_of[j]);
    }
    classes.class_of.push_back(found->second);
  }
  return classes;
}

}  // namespace fathom::grammar
