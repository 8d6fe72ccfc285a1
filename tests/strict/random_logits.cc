#include "strict/random_logits.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.h"
#include "chat/dsml.h"

namespace fathom::test {
namespace {

// Rows are pieces of one long table of random numbers, each from another place: a row of 129,280
// costs a copy. A prime, so that places and vocabularies have nothing to do with each other.
constexpr size_t kTable = 1'000'003;
constexpr float kSpread = 10;  // random logits are in [0, kSpread)
constexpr float kLikely = 20;  // above all random ones

class Rows {
 public:
  Rows(const Tokenizer& tokenizer, uint64_t seed)
      : seed_(seed),
        dsml_(*tokenizer.TokenId(chat::kDsml)),
        end_(*tokenizer.TokenId(chat::kEos)),
        empty_line_(tokenizer.vocabulary().Find("\n\n")),
        open_(tokenizer.vocabulary().Find("<")),
        close_(tokenizer.vocabulary().Find("</")) {
    for (uint64_t i = 0; i < kTable; i += 4) {
      for (const uint32_t bits : Philox(seed, 0, i / 4)) {
        table_.push_back(static_cast<float>(bits) * 0x1p-32F * kSpread);
      }
    }
    table_.resize(kTable);
    const Vocabulary& vocabulary = tokenizer.vocabulary();
    ids_ = vocabulary.id_limit();
    for (int32_t id = 0; id < ids_; ++id) {
      if (!vocabulary.Has(id)) missing_.push_back(id);
      if (vocabulary.IsAdded(id)) special_.push_back(id);
    }
  }

  void Write(std::span<const int32_t> prefix, std::span<float> logits) const {
    uint64_t hash = 0xcbf29ce484222325;
    for (const int32_t token : prefix) {
      hash = (hash ^ static_cast<uint32_t>(token)) * 0x100000001b3;
    }
    const std::array<uint32_t, 4> random = Philox(seed_, hash, prefix.size());
    for (size_t at = random[0] % kTable, done = 0; done < logits.size(); at = 0) {
      const size_t count = std::min(kTable - at, logits.size() - done);
      std::copy_n(table_.begin() + static_cast<ptrdiff_t>(at), count,
                  logits.begin() + static_cast<ptrdiff_t>(done));
      done += count;
    }
    const auto favour = [&](std::optional<int32_t> id, bool now) {
      if (id && now) logits[static_cast<size_t>(*id)] += kLikely;
    };
    const auto chance = [&](int which, uint32_t of) { return random[1] / (1U << which) % of == 0; };
    if (chance(0, 8)) {
      for (const int32_t id : special_) favour(id, true);
    }
    favour(dsml_, true);
    favour(end_, chance(3, 64));
    favour(empty_line_, chance(9, 8));
    favour(open_, !prefix.empty() && prefix.back() == empty_line_);
    favour(close_, chance(12, 8));
    constexpr float kNever = -std::numeric_limits<float>::infinity();
    for (const int32_t id : missing_) logits[static_cast<size_t>(id)] = kNever;
    std::fill(logits.begin() + ids_, logits.end(), kNever);
  }

 private:
  const uint64_t seed_;
  const int32_t dsml_, end_;
  const std::optional<int32_t> empty_line_, open_, close_;
  int32_t ids_ = 0;
  std::vector<int32_t> missing_, special_;
  std::vector<float> table_;
};

}  // namespace

RowScript RandomLogits(const Tokenizer& tokenizer, uint64_t seed) {
  return [rows = std::make_shared<const Rows>(tokenizer, seed)](std::span<const int32_t> prefix,
                                                                std::span<float> logits) {
    rows->Write(prefix, logits);
  };
}

}  // namespace fathom::test
