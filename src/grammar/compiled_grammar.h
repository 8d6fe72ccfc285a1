// A grammar ready to be followed: its automaton, and the masks that its matchers have found so far.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "grammar/matcher.h"
#include "grammar/rules.h"
#include "grammar/token_mask.h"
#include "grammar/token_table.h"

namespace fathom::grammar {

// Any number of threads; the masks are guarded by a mutex that is not held while one is made.
class CompiledGrammar {
 public:
  // Masks of one grammar that are kept; when there would be more, all are forgotten.
  static constexpr int64_t kMostMaskBytes = int64_t{64} << 20;

  CompiledGrammar(Automaton automaton, std::shared_ptr<const TokenTable> table)
      : automaton_(std::move(automaton)), table_(std::move(table)) {}

  const Automaton& automaton() const { return automaton_; }
  const TokenTable& table() const { return *table_; }

  // The mask of a way, whatever its node; made when it is asked for the first time.
  std::shared_ptr<const LocalMask> MaskOf(const Way& way) const;

  int64_t mask_bytes() const;
  size_t masks() const;

 private:
  // Ways with equal keys have the same mask.
  struct Key {
    int32_t state = 0;
    int32_t low = 0, room = 0;  // parts that a loop must and may still take, as far as it matters
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      uint64_t hash = static_cast<uint32_t>(key.state);
      hash = hash * 0x9E3779B97F4A7C15u + static_cast<uint32_t>(key.low);
      hash = hash * 0x9E3779B97F4A7C15u + static_cast<uint32_t>(key.room);
      return static_cast<size_t>(hash ^ hash >> 32);
    }
  };
  Key KeyOf(const Way& way) const;

  const Automaton automaton_;
  const std::shared_ptr<const TokenTable> table_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<Key, std::shared_ptr<const LocalMask>, KeyHash> masks_;
  mutable int64_t mask_bytes_ = 0;
};

}  // namespace fathom::grammar
