// One answer through a grammar, every mask of it compared with the slow recogniser.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "grammar/compiled_grammar.h"
#include "grammar/matcher.h"
#include "support/random_grammar.h"
#include "support/slow_grammar.h"

namespace fathom::test {

// All bytes, the tokens of kAlphabet's texts up to three bytes and some longer ones, one special
// token, one end of sequence.
struct SmallVocabulary {
  Vocabulary vocabulary;
  int32_t special = -1, eos = -1;
  std::vector<int32_t> tokens;  // that texts over kAlphabet can be made of, and the special one
  std::shared_ptr<const grammar::TokenTable> table;
};

inline SmallVocabulary MakeSmallVocabulary() {
  SmallVocabulary small;
  const auto add = [&](std::string_view bytes, TokenKind kind) {
    const int32_t id = small.vocabulary.id_limit();
    const Status added = small.vocabulary.Add(id, bytes, kind);
    FATHOM_CHECK(added.ok(), "{}", added.message());
    return id;
  };
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const int32_t id = add({&c, 1}, TokenKind::kOrdinary);
    if (kAlphabet.find(c) != std::string_view::npos) small.tokens.push_back(id);
  }
  for (const char a : kAlphabet) {
    for (const char b : kAlphabet) {
      small.tokens.push_back(add(std::string{a, b}, TokenKind::kOrdinary));
    }
  }
  for (const char* text : {"aaa", "aba", "aab", "(a(", "ba\xc3", "\xc3\xa9\xc3\xa9", "aaaaaaa",
                           "abababab", "a(b(a(b(", "\xa9\xc3\xa9\xc3"}) {
    small.tokens.push_back(add(text, TokenKind::kOrdinary));
  }
  small.special = add("<mark>", TokenKind::kSpecial);
  small.eos = add("<end>", TokenKind::kSpecial);
  small.tokens.push_back(small.special);
  // Rows without a token, as real models have.
  small.table = grammar::MakeTokenTable(small.vocabulary, small.eos + 70, {small.eos});
  return small;
}

inline std::vector<Symbol> SymbolsOf(const SmallVocabulary& small, int32_t token) {
  if (token == small.special) return {{.token = token}};
  return BytesOf(small.vocabulary.Bytes(token));
}

// Walks up to `steps` tokens that `choose(count)` picks (an index below count). What is wrong, or
// nothing.
template <typename Choose>
std::string CompareWalk(const grammar::Grammar& grammar, const SmallVocabulary& small,
                        std::shared_ptr<const grammar::CompiledGrammar> compiled, int steps,
                        Choose choose) {
  grammar::Matcher matcher(std::move(compiled));
  std::vector<Symbol> symbols;
  std::string shown;
  for (int step = 0; step < steps; ++step) {
    const auto mask = matcher.Allowed();
    const std::vector<uint64_t> words(mask.begin(), mask.end());
    const auto allowed = [&](int32_t id) {
      return (words[static_cast<size_t>(id) / 64] >> (id % 64) & 1) != 0;
    };
    if (matcher.narrowed()) return "narrowed";
    std::vector<int32_t> next;
    for (const int32_t token : small.tokens) {
      std::vector<Symbol> longer = symbols;
      for (const Symbol symbol : SymbolsOf(small, token)) longer.push_back(symbol);
      const bool expected = SlowCanContinue(grammar, longer);
      if (allowed(token) != expected) {
        return fmt::format("behind {} the token {} is {}", QuoteToken(shown),
                           QuoteToken(small.vocabulary.Bytes(token)),
                           expected ? "missing" : "allowed");
      }
      if (expected) next.push_back(token);
    }
    const bool can_end = SlowMatches(grammar, symbols);
    if (allowed(small.eos) != can_end || matcher.CanEnd() != can_end) {
      return fmt::format("behind {} the end is {}", QuoteToken(shown),
                         can_end ? "missing" : "allowed");
    }
    size_t bits = 0;
    for (const uint64_t word : words) bits += static_cast<size_t>(std::popcount(word));
    if (bits != next.size() + (can_end ? 1 : 0)) {
      return fmt::format("behind {} {} tokens are allowed, not {}", QuoteToken(shown), bits,
                         next.size());
    }
    if (bits == 0) return fmt::format("nothing may follow {}", QuoteToken(shown));
    // A token that may not come changes nothing: the next mask would show it.
    const int32_t other = small.tokens[choose(small.tokens.size())];
    if (!allowed(other) && matcher.Accept(other)) return "accepted what may not come";
    if (next.empty()) {
      if (!matcher.Accept(small.eos) || !matcher.ended()) return "the end was refused";
      return "";
    }
    const int32_t token = next[choose(next.size())];
    for (const Symbol symbol : SymbolsOf(small, token)) symbols.push_back(symbol);
    shown += small.vocabulary.Bytes(token);
    if (!matcher.Accept(token)) return fmt::format("{} was refused", QuoteToken(shown));
  }
  return "";
}

}  // namespace fathom::test
