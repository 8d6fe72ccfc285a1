#include "bench/profile_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>

namespace fathom {
namespace {

using testing::HasSubstr;
using testing::Not;

// What is wrong with `xml`, or nothing: tags that do not match, bare < & ", unknown entities.
std::string WhatIsWrong(std::string_view xml) {
  std::vector<std::string> open;
  while (!xml.empty()) {
    if (xml[0] == '&') {
      const std::string_view entity = xml.substr(0, xml.find(';') + 1);
      const bool known = entity == "&amp;" || entity == "&lt;" || entity == "&gt;" ||
                         entity == "&quot;" || entity == "&apos;";
      if (!known) return "entity " + std::string(entity.substr(0, 20));
      xml.remove_prefix(entity.size());
      continue;
    }
    if (xml[0] != '<') {
      xml.remove_prefix(1);
      continue;
    }
    const size_t end = xml.find('>');
    if (end == std::string_view::npos) return "an open tag";
    const std::string_view tag = xml.substr(1, end - 1);
    if (tag.find('<') != std::string_view::npos) return "< inside a tag";
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "an odd quote";
    std::string name;
    for (const char c : tag.substr(tag.starts_with('/') ? 1 : 0)) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0) break;
      name += c;
    }
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != name) return "</" + name + ">";
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(name);
    }
    xml.remove_prefix(end + 1);
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

BenchReport Report(const std::string& model) {
  BenchReport report;
  report.setting = {"A & B", "avx2", 2, model, "fast", "bf16", "random tokens"};
  report.limits.emplace();
  report.limits->machine = report.limits->core = {.flops = 1e9, .read_bytes = 1e9};
  OperationTotals big = {.name = "experts", .calls = 2, .seconds = 1.5, .cost = {5e8, 1e8}};
  OperationTotals small = {.name = "tiny", .calls = 2, .seconds = 0.001, .cost = {0, 1e5}};
  for (const Phase phase : {Phase::kPrompt, Phase::kGeneration}) {
    report.profiles.push_back(MakeProfile({phase, 100, 16, 2}, 1, 2.0, {big, small}, 0.25));
  }
  return report;
}

TEST(ProfileSvg, TheCheckerFindsWhatIsWrong) {
  EXPECT_EQ(WhatIsWrong("<a b=\"1\"><c/>&lt;</a>"), "");
  EXPECT_NE(WhatIsWrong("<a>"), "");
  EXPECT_NE(WhatIsWrong("<a></b>"), "");
  EXPECT_NE(WhatIsWrong("<a>&nbsp;</a>"), "");
  EXPECT_NE(WhatIsWrong("<a>x & y</a>"), "");
  EXPECT_NE(WhatIsWrong("<a b=\"1></a>"), "");
}

TEST(ProfileSvg, ShowsBothPhases) {
  const std::string svg = ProfileSvg(Report("small"));
  EXPECT_EQ(WhatIsWrong(svg), "");
  EXPECT_THAT(svg, HasSubstr("prompt: 100 tokens on top of 16, 20000 µs a token"));
  EXPECT_THAT(svg, HasSubstr("generation: 100 tokens on top of 16"));
  EXPECT_THAT(svg, HasSubstr(">experts</text>"));
  EXPECT_THAT(svg, HasSubstr(">75.0 %</text>"));
  EXPECT_THAT(svg, HasSubstr(">33 % of f32 peak</text>"));
  EXPECT_THAT(svg, HasSubstr(">all others</text>"));
  EXPECT_THAT(svg, Not(HasSubstr(">tiny</text>")));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme: dark"));
}

TEST(ProfileSvg, NamesCannotBecomeMarkup) {
  const std::string svg = ProfileSvg(Report("<x&\"'>\x1b<script>\xff"));
  EXPECT_EQ(WhatIsWrong(svg), "");
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, HasSubstr("&lt;x&amp;&quot;&apos;&gt;\uFFFD&lt;script&gt;\uFFFD"));
  EXPECT_THAT(svg, HasSubstr("A &amp; B"));
}

TEST(ProfileSvg, NeedsNothingFromOutside) {
  const std::string svg = ProfileSvg(Report("small"));
  EXPECT_THAT(svg, Not(HasSubstr("href")));
  EXPECT_THAT(svg, Not(HasSubstr("url(")));
  EXPECT_THAT(svg, Not(HasSubstr("@import")));
}

TEST(XmlText, KeepsWhatIsFine) {
  EXPECT_EQ(XmlText("plain · µs…"), "plain · µs…");
  EXPECT_EQ(XmlText(std::string("a\0b\n", 4)),
            "a\uFFFD"
            "b\uFFFD");
  EXPECT_EQ(XmlText("\xEF\xBF\xBF"), "\uFFFD");
}

}  // namespace
}  // namespace fathom
