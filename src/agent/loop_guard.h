// Notices when a text goes round in circles: the same tokens again and again, word for word.
//
// A text loops with period p when its last tokens equal those p places before. For every p up to
// kMaxPeriod the guard counts how many tokens in a row have done so; a loop is one that has come
// round so often that no table, list or listing does it: at least kLeastRepeated tokens, and the
// whole piece kLeastRounds times beside the first. docs/thinking.md says what ordinary texts reach.
//
// A text that circles without repeating its words is not noticed.
#pragma once

#include <array>
#include <cstdint>

namespace fathom {

class LoopGuard {
 public:
  static constexpr int32_t kMaxPeriod = 1024;
  static constexpr int32_t kLeastRepeated = 384;
  static constexpr int32_t kLeastRounds = 3;

  LoopGuard() { recent_.fill(-1); }

  // One more token, at least 0. About a microsecond: a comparison a period.
  void Add(int32_t token);

  // The text loops now.
  bool looping() const { return period_ > 0; }
  // The shortest period that it loops with, in tokens; 0: none.
  int32_t period() const { return period_; }

  // How near the text is to a loop: the largest share of what a period needs, 1 or more for a loop.
  double Closeness() const;

 private:
  // The last kMaxPeriod tokens, newest first, from begin_ on; written twice, so that they always
  // lie in a row.
  std::array<int32_t, 2 * kMaxPeriod> recent_;
  std::array<int32_t, kMaxPeriod>
      repeated_{};  // [p - 1] tokens in a row that equal the p-th before
  int32_t begin_ = 0;
  int32_t period_ = 0;
};

}  // namespace fathom
