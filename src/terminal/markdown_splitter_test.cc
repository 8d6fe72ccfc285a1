#include "terminal/markdown_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

using testing::ElementsAre;
using Kind = MarkdownPiece::Kind;
using Pieces = std::vector<MarkdownPiece>;

// Neighbouring pieces of code joined: how code is cut doesn't matter.
Pieces Split(std::string_view text, size_t step) {
  MarkdownSplitter splitter;
  Pieces pieces, joined;
  for (size_t at = 0; at < text.size(); at += step) splitter.Add(text.substr(at, step), &pieces);
  splitter.Finish(&pieces);
  for (const MarkdownPiece& piece : pieces) {
    if (piece.kind == Kind::kCodeText && !joined.empty() && joined.back().kind == Kind::kCodeText) {
      joined.back().text += piece.text;
    } else {
      joined.push_back(piece);
    }
  }
  return joined;
}

// The same pieces for every length of what comes at a time.
Pieces Split(std::string_view text) {
  const Pieces whole = Split(text, text.size());
  for (size_t step = 1; step < 9; ++step) EXPECT_EQ(Split(text, step), whole) << step;
  return whole;
}

MarkdownPiece Block(std::string text, bool after_blank = false) {
  return {Kind::kBlock, std::move(text), after_blank};
}

TEST(MarkdownSplitter, EmptyLinesEndParagraphs) {
  EXPECT_THAT(Split("a\nb\n\n\nc"), ElementsAre(Block("a\nb\n"), Block("c", true)));
  EXPECT_THAT(Split("\n\na"), ElementsAre(Block("a")));
  EXPECT_THAT(Split(""), ElementsAre());
}

TEST(MarkdownSplitter, HeadingsStandAlone) {
  EXPECT_THAT(Split("a\n# b\nc"), ElementsAre(Block("a\n"), Block("# b\n"), Block("c")));
  EXPECT_THAT(Split("#b\nc"), ElementsAre(Block("#b\nc"))) << "a heading has a space";
}

TEST(MarkdownSplitter, ListsGoOnOverEmptyLines) {
  EXPECT_THAT(Split("- a\n\n- b\n\n  more\n\nend"),
              ElementsAre(Block("- a\n\n- b\n\n  more\n\n"), Block("end", true)));
  EXPECT_THAT(Split("1. a\n# b"), ElementsAre(Block("1. a\n"), Block("# b")));
}

TEST(MarkdownSplitter, CodePassesThrough) {
  EXPECT_THAT(Split("a\n```py x\n  b\n\n# c\n```\nd"),
              ElementsAre(Block("a\n"), MarkdownPiece{Kind::kCodeBegin, "py"},
                          MarkdownPiece{Kind::kCodeText, "  b\n\n# c\n"},
                          MarkdownPiece{Kind::kCodeEnd}, Block("d")));
}

TEST(MarkdownSplitter, AFenceIsClosedByOneAtLeastAsLongOfTheSameKind) {
  EXPECT_THAT(Split("````\n```\n~~~~\n````` x\n ````` \n"),
              ElementsAre(MarkdownPiece{Kind::kCodeBegin},
                          MarkdownPiece{Kind::kCodeText, "```\n~~~~\n````` x\n"},
                          MarkdownPiece{Kind::kCodeEnd}));
}

TEST(MarkdownSplitter, CodeThatIsNotClosedEndsWithTheText) {
  EXPECT_THAT(Split("```\nab"),
              ElementsAre(MarkdownPiece{Kind::kCodeBegin}, MarkdownPiece{Kind::kCodeText, "ab"},
                          MarkdownPiece{Kind::kCodeEnd}));
  EXPECT_THAT(Split("```"),
              ElementsAre(MarkdownPiece{Kind::kCodeBegin}, MarkdownPiece{Kind::kCodeEnd}));
}

TEST(MarkdownSplitter, IndentedFencesOfAListBelongToIt) {
  EXPECT_THAT(Split("- a\n  ```\n  b\n  ```\n"), ElementsAre(Block("- a\n  ```\n  b\n  ```\n")));
  EXPECT_THAT(
      Split("  ```\n   b\n c\n  ```\n"),
      ElementsAre(MarkdownPiece{Kind::kCodeBegin}, MarkdownPiece{Kind::kCodeText, " b\nc\n"},
                  MarkdownPiece{Kind::kCodeEnd}));
}

TEST(MarkdownSplitter, CodeComesBeforeItsLineIsComplete) {
  MarkdownSplitter splitter;
  Pieces pieces;
  splitter.Add("```\nabc", &pieces);
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[1].text, "abc");
  splitter.Add("\n``", &pieces);
  ASSERT_EQ(pieces.size(), 3U) << "these may become the closing fence";
  splitter.Add("x", &pieces);
  EXPECT_EQ(pieces.back().text, "``x");
}

TEST(MarkdownSplitter, WhatIsOpenStaysBounded) {
  for (const std::string_view part :
       {"word ", "- item\n", "a\n", "\n", "- \n\n", "|x", "`", "  "}) {
    MarkdownSplitter splitter;
    Pieces pieces;
    splitter.Add("- start\n", &pieces);
    size_t largest = 0;
    for (size_t bytes = 0; bytes < 8 * kMaxOpenBytes; bytes += part.size()) {
      splitter.Add(part, &pieces);
      largest = std::max(largest, splitter.Open().size());
    }
    EXPECT_LE(largest, 2 * kMaxOpenBytes + 16) << part;
  }
}

}  // namespace
}  // namespace fathom
