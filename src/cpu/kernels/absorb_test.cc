// The absorbed query against a plain double loop.
#include <gtest/gtest.h>

#include <vector>

#include "cpu/kernels/kernel_test.h"
#include "cpu/kernels/references.h"
#include "cpu/kernels/test_data.h"

namespace fathom {
namespace {

using test::Bounded;
using test::FloatRows;
using test::Guarded;
using test::kWeightKinds;
using test::Random;
using test::TestWeights;
using test::Values;

class AbsorbTest : public test::KernelTest {
 protected:
  void Run(const TestWeights& w, const FloatRows& q, int64_t r_begin, int64_t rows,
           int64_t first_row, int64_t depth, int64_t n_begin, int64_t n_end,
           const FloatRows& out) const {
    const Guarded<float> scratch(kAbsorbScratch);
    LinearTask weights = {};
    w.SetIn(&weights);
    AbsorbTask task = {};
    task.q = q.inputs() + r_begin;
    task.out = out.outputs() + r_begin;
    task.rows = rows;
    task.depth = depth;
    task.w = weights.w;
    task.cols = weights.cols;
    task.first_row = first_row;
    task.packed = weights.packed;
    task.scales = weights.scales;
    task.scales_e8m0 = weights.scales_e8m0;
    task.n_begin = n_begin;
    task.n_end = n_end;
    task.scratch = scratch.data();
    table().absorb(task);
    EXPECT_TRUE(scratch.Intact());
  }
};

struct Shape {
  int64_t cols, depth, first_row;
};
constexpr Shape kShapes[] = {{512, 128, 256}, {64, 32, 64}, {128, 512, 128},
                             {200, 7, 125},   {33, 1, 0},   {70, 20, 120}};

TEST_P(AbsorbTest, LiesWithinTheBoundAndNoCutChangesABit) {
  Random random(1);
  for (const test::WeightKind& kind : kWeightKinds) {
    for (const Shape& shape : kShapes) {
      SCOPED_TRACE(fmt::format("{}, {} columns, depth {}", kind.name, shape.cols, shape.depth));
      const TestWeights w(kind, shape.first_row + shape.depth + 3, shape.cols, random,
                          Values::kSymmetric);
      const FloatRows q(9, shape.depth, random, Values::kSymmetric);
      const FloatRows alone(9, shape.cols);
      for (int64_t r = 0; r < 9; ++r) {
        Run(w, q, r, 1, shape.first_row, shape.depth, 0, shape.cols, alone);
        std::vector<Bounded> expected;
        for (int64_t n = 0; n < shape.cols; ++n) {
          // One rounding more: of element × scale.
          expected.push_back(test::ReferenceDot(
              shape.depth, test::ChainDepth(shape.depth) + 1,
              [&](int64_t d) { return q.row(r)[d]; },
              [&](int64_t d) { return w.At(shape.first_row + d, n); }));
        }
        test::ExpectWithin(alone.row(r), expected);
      }
      for (int64_t rows = 2; rows <= 9; ++rows) {
        const FloatRows out(9, shape.cols);
        // Cut between the columns that are decoded together.
        Run(w, q, 9 - rows, rows, shape.first_row, shape.depth, 0,
            std::min<int64_t>(shape.cols, kAbsorbColumns), out);
        if (shape.cols > kAbsorbColumns) {
          Run(w, q, 9 - rows, rows, shape.first_row, shape.depth, kAbsorbColumns, shape.cols, out);
        }
        for (int64_t r = 9 - rows; r < 9; ++r) {
          test::ExpectSameBits(out.row(r), alone.row(r), shape.cols);
        }
        EXPECT_TRUE(out.Intact());
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(AbsorbTest, IsExactOnIntegers) {
  Random random(2);
  for (const test::WeightKind& kind : kWeightKinds) {
    for (const Shape& shape : kShapes) {
      SCOPED_TRACE(fmt::format("{}, {} columns, depth {}", kind.name, shape.cols, shape.depth));
      const TestWeights w(kind, shape.first_row + shape.depth, shape.cols, random,
                          Values::kIntegers);
      const FloatRows q(5, shape.depth, random, Values::kIntegers), out(5, shape.cols);
      Run(w, q, 0, 5, shape.first_row, shape.depth, 0, shape.cols, out);
      for (int64_t r = 0; r < 5; ++r) {
        for (int64_t n = 0; n < shape.cols; ++n) {
          double sum = 0;
          for (int64_t d = 0; d < shape.depth; ++d) {
            sum += q.row(r)[d] * w.At(shape.first_row + d, n);
          }
          ASSERT_EQ(out.row(r)[n], sum) << "row " << r << ", column " << n;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryTable, AbsorbTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
