#include "progress.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(FormatDuration, ChoosesUnits) {
  EXPECT_EQ(FormatDuration(0), "0 s");
  EXPECT_EQ(FormatDuration(59.4), "59 s");
  EXPECT_EQ(FormatDuration(59.6), "1 min 0 s");
  EXPECT_EQ(FormatDuration(312), "5 min 12 s");
  EXPECT_EQ(FormatDuration(7530), "2 h 5 min");
  EXPECT_EQ(FormatDuration(-1), "0 s");
}

TEST(ProgressText, BarFiguresAndTimeLeft) {
  EXPECT_EQ(
      ProgressText("checking", 500'000'000, 2'000'000'000, 2, 100),
      "checking [#######                       ]   25 %  500.0 MB of 2.0 GB  250.0 MB/s  6 s left");
}

TEST(ProgressText, NoEstimateBeforeThereIsSomethingToGoBy) {
  EXPECT_EQ(ProgressText("checking", 0, 2'000'000'000, 5, 60),
            "checking [                       ]    0 %  0 bytes of 2.0 GB");
  EXPECT_EQ(ProgressText("checking", 1'000'000'000, 2'000'000'000, 0.5, 60),
            "checking [############            ]   50 %  1.0 GB of 2.0 GB");
}

TEST(ProgressText, AnEndedOneIsFull) {
  EXPECT_EQ(ProgressText("writing", 2000, 2000, 0, 60),
            "writing [#########################]  100 %  2.0 kB of 2.0 kB");
  EXPECT_EQ(ProgressText("writing", 0, 0, 0, 30), "writing  100 %  0 bytes of 0 b");
}

TEST(ProgressText, FitsEveryWidth) {
  for (int columns = 0; columns <= 120; ++columns) {
    const std::string text =
        ProgressText("checking", 123'456'789'012, 689'469'018'240, 300, columns);
    EXPECT_LE(text.size(), static_cast<size_t>(columns));
    // In between it depends on the width of the figures.
    if (columns < 60 || columns >= 90) {
      EXPECT_EQ(text.find('[') != std::string::npos, columns >= 90) << columns;
    }
  }
}

}  // namespace
}  // namespace fathom
