// Sets of Unicode characters as ranges, and classes of characters that a number of sets cannot
// tell apart.
//
// A character is a scalar value: surrogates are in no set, since no UTF-8 text holds them.
#pragma once

#include <cstdint>
#include <vector>

namespace fathom::grammar {

struct CodeRange {
  char32_t low = 0, high = 0;  // inclusive
  bool operator==(const CodeRange&) const = default;
};

// Ascending, with a gap between two ranges. Empty: no character.
using CodeSet = std::vector<CodeRange>;

// Sorted, joined and without surrogates.
CodeSet MakeCodeSet(std::vector<CodeRange> ranges);
CodeSet AllCodes();
CodeSet Complement(const CodeSet& set);
bool Has(const CodeSet& set, char32_t code);

// A partition of the characters. Those from starts[i] up to starts[i + 1] have class class_of[i];
// surrogates have none, -1. starts[0] is 0.
struct CodeClasses {
  std::vector<char32_t> starts;
  std::vector<int32_t> class_of;
  int32_t count = 0;

  int32_t Of(char32_t code) const;
};

// The coarsest classes of which each set is a union; members[s] says which, for set s.
// Costs O(sets × ranges).
CodeClasses MakeClasses(const std::vector<CodeSet>& sets,
                        std::vector<std::vector<int32_t>>* members);

// The coarsest classes that are parts of both; of_a[c] and of_b[c] say of which.
CodeClasses Refine(const CodeClasses& a, const CodeClasses& b, std::vector<int32_t>* of_a,
                   std::vector<int32_t>* of_b);

}  // namespace fathom::grammar
