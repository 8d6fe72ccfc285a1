// y = x · wᵀ: values, the order of sums, cuts, every stored type.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "cpu/kernels/kernel_test.h"
#include "cpu/kernels/references.h"
#include "cpu/kernels/test_data.h"
#include "tensor/float_formats.h"

namespace fathom {
namespace {

using test::BF16Rows;
using test::Bounded;
using test::FloatRows;
using test::Guarded;
using test::kWeightKinds;
using test::Random;
using test::TestWeights;
using test::Values;
using test::WeightKind;

class LinearTest : public test::KernelTest {
 protected:
  // Rows [r_begin, r_end) of x times rows [n_begin, n_end) of w, into the same place of y.
  void Run(const FloatRows& x, const BF16Rows* bf16, const TestWeights& w, int64_t r_begin,
           int64_t r_end, int64_t n_begin, int64_t n_end, const FloatRows& y,
           int64_t y_origin = 0) const {
    Guarded<float> scratch(kLinearScratch);
    LinearTask task = {};
    w.SetIn(&task);
    task.x = x.inputs() + r_begin;
    task.x_bf16 = bf16 == nullptr ? nullptr : bf16->inputs() + r_begin;
    task.y = y.outputs() + r_begin;
    task.y_origin = y_origin;
    task.rows = r_end - r_begin;
    task.n_begin = n_begin;
    task.n_end = n_end;
    task.scratch = scratch.data();
    table().linear(task);
    EXPECT_TRUE(scratch.Intact());
  }

  // All of it, one row of x at a time.
  FloatRows RowByRow(const FloatRows& x, const BF16Rows* bf16, const TestWeights& w) const {
    FloatRows y(x.rows(), w.rows());
    for (int64_t r = 0; r < x.rows(); ++r) Run(x, bf16, w, r, r + 1, 0, w.rows(), y);
    return y;
  }

  // Kinds whose products the table can also do in bf16.
  bool HasBF16(const WeightKind& kind) const {
    return table().bf16_dot && (kind.packed == Packed::kBF16 || kind.packed == Packed::kE4M3);
  }
};

// Everything around lanes (4, 8, 16, 32), blocks of 128 and chunks of 512.
std::vector<int64_t> Lengths() {
  std::vector<int64_t> lengths;
  for (int64_t k = 1; k <= 35; ++k) lengths.push_back(k);
  for (const int64_t k : {48,  63,  64,  65,  127, 128,  129,  144,  255,  256, 257,
                          384, 511, 512, 513, 640, 1023, 1024, 1025, 1536, 1551}) {
    lengths.push_back(k);
  }
  return lengths;
}

TEST_P(LinearTest, LiesWithinTheBound) {
  Random random(1);
  for (const WeightKind& kind : kWeightKinds) {
    for (const int64_t cols : Lengths()) {
      SCOPED_TRACE(fmt::format("{}, {} columns", kind.name, cols));
      const TestWeights w(kind, 131, cols, random, Values::kSymmetric);
      const FloatRows x(2, cols, random, Values::kSymmetric);
      const FloatRows y = RowByRow(x, nullptr, w);
      for (int64_t r = 0; r < x.rows(); ++r) {
        std::vector<Bounded> expected;
        for (int64_t n = 0; n < w.rows(); ++n) {
          expected.push_back(test::ReferenceLinear(table(), x.row(r), w, n));
        }
        test::ExpectWithin(y.row(r), expected);
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(LinearTest, WideMagnitudesLieWithinTheBound) {
  Random random(2);
  for (const WeightKind& kind : kWeightKinds) {
    SCOPED_TRACE(kind.name);
    for (const int64_t cols : {7, 130, 700}) {
      const TestWeights w(kind, 37, cols, random, Values::kWide);
      const FloatRows x(3, cols, random, Values::kWide);
      const FloatRows y = RowByRow(x, nullptr, w);
      for (int64_t r = 0; r < x.rows(); ++r) {
        std::vector<Bounded> expected;
        for (int64_t n = 0; n < w.rows(); ++n) {
          expected.push_back(test::ReferenceLinear(table(), x.row(r), w, n));
        }
        test::ExpectWithin(y.row(r), expected);
      }
    }
  }
}

// Small integers make every sum exact, so nothing hides below a bound: neither an element left out
// or taken twice, nor a neighbour's scale.
TEST_P(LinearTest, IsExactOnIntegers) {
  Random random(3);
  for (const WeightKind& kind : kWeightKinds) {
    for (const int64_t cols : Lengths()) {
      SCOPED_TRACE(fmt::format("{}, {} columns", kind.name, cols));
      const TestWeights w(kind, 260, cols, random, Values::kIntegers);
      const FloatRows x(7, cols, random, Values::kIntegers);
      const BF16Rows bf16(x, cols);
      for (const BF16Rows* packed : {static_cast<const BF16Rows*>(nullptr), &bf16}) {
        if (packed != nullptr && !HasBF16(kind)) continue;
        FloatRows y(x.rows(), w.rows());
        Run(x, packed, w, 0, x.rows(), 0, w.rows(), y);
        for (int64_t n = 0; n < w.rows(); ++n) {
          const std::vector<double> row = w.Row(n);
          for (int64_t r = 0; r < x.rows(); ++r) {
            const double sum = std::inner_product(row.begin(), row.end(), x.row(r), 0.0);
            ASSERT_EQ(y.row(r)[n], sum) << "row " << r << ", output " << n;
          }
        }
      }
    }
  }
}

// The promise of kernel_table.h: an output has the same bits whatever is computed with it.
TEST_P(LinearTest, NoCutChangesABit) {
  Random random(4);
  struct Cut {
    int64_t rows, n_begin, n_end;
  };
  std::vector<Cut> cuts;
  for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 24, 25, 33, 64}) {
    cuts.push_back({rows, 0, 137});
    cuts.push_back({rows, 3, 4});
    cuts.push_back({rows, 5, 12});
    cuts.push_back({rows, 31, 66});
    cuts.push_back({rows, 126, 131});
  }
  for (const WeightKind& kind : kWeightKinds) {
    for (const int64_t cols : {9, 129, 515, 1100}) {
      const TestWeights w(kind, 137, cols, random, Values::kSymmetric);
      const FloatRows x(64, cols, random, Values::kSymmetric);
      const BF16Rows bf16(x, cols);
      for (const BF16Rows* packed : {static_cast<const BF16Rows*>(nullptr), &bf16}) {
        if (packed != nullptr && !HasBF16(kind)) continue;
        const FloatRows expected = RowByRow(x, packed, w);
        for (const Cut& cut : cuts) {
          SCOPED_TRACE(fmt::format("{}, {} columns, {} rows, outputs {} to {}{}", kind.name, cols,
                                   cut.rows, cut.n_begin, cut.n_end, packed ? ", bf16" : ""));
          // y holds this cut alone, so writing beyond it would be seen.
          const int64_t r_begin = x.rows() - cut.rows;
          FloatRows y(x.rows(), cut.n_end - cut.n_begin);
          Run(x, packed, w, r_begin, x.rows(), cut.n_begin, cut.n_end, y, cut.n_begin);
          for (int64_t r = r_begin; r < x.rows(); ++r) {
            test::ExpectSameBits(y.row(r), expected.row(r) + cut.n_begin, cut.n_end - cut.n_begin);
          }
          ASSERT_TRUE(y.Intact());
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// The order that kernel_table.h writes down, in plain code.
float SumInOrder(const float* x, const TestWeights& w, int64_t n, int lanes) {
  const bool scaled = w.kind().packed == Packed::kE4M3;
  const auto multiply_add = [&](float a, float b, float c) {
    return lanes == 4 ? a * b + c : std::fma(a, b, c);  // the scalar table has no fma
  };
  float total = 0;
  for (int64_t chunk = 0; chunk < w.cols(); chunk += 512) {
    std::vector<float> chunk_lanes(static_cast<size_t>(lanes));
    const int64_t chunk_end = std::min(chunk + 512, w.cols());
    for (int64_t block = chunk; block < chunk_end; block += 128) {
      std::vector<float> block_lanes(static_cast<size_t>(lanes));
      for (int64_t k = block; k < std::min(block + 128, chunk_end); ++k) {
        const auto element = static_cast<float>(w.ElementAt(n, k) / (scaled ? 256 : 1));
        float& lane = block_lanes[static_cast<size_t>((k - block) % lanes)];
        lane = multiply_add(x[k], element, lane);
      }
      const auto scale = static_cast<float>(w.ScaleAt(n, block) * (scaled ? 256 : 1));
      for (size_t i = 0; i < chunk_lanes.size(); ++i) {
        chunk_lanes[i] = multiply_add(block_lanes[i], scale, chunk_lanes[i]);
      }
    }
    for (size_t half = chunk_lanes.size() / 2; half > 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) chunk_lanes[i] += chunk_lanes[i + half];
    }
    total += chunk_lanes[0];
  }
  return total;
}

TEST_P(LinearTest, SumsInThePromisedOrder) {
  Random random(5);
  for (const WeightKind& kind : kWeightKinds) {
    for (const int64_t cols : {5, 128, 200, 512, 1300}) {
      SCOPED_TRACE(fmt::format("{}, {} columns", kind.name, cols));
      const TestWeights w(kind, 9, cols, random, Values::kSymmetric);
      const FloatRows x(1, cols, random, Values::kSymmetric);
      const FloatRows y = RowByRow(x, nullptr, w);
      for (int64_t n = 0; n < w.rows(); ++n) {
        ASSERT_EQ(y.row(0)[n], SumInOrder(x.row(0), w, n, table().lanes)) << "output " << n;
      }
    }
  }
}

TEST_P(LinearTest, EveryE4M3Code) {
  Random random(6);
  for (const WeightKind& kind : {kWeightKinds[3], kWeightKinds[4]}) {
    TestWeights w(kind, 256, 40, random, Values::kIntegers);
    FloatRows x(6, 40);
    for (int64_t r = 0; r < x.rows(); ++r) x.row(r)[5 * r] = r % 2 == 0 ? 1.0F : -1.0F;
    for (int64_t n = 0; n < 256; ++n) {
      for (int64_t k = 0; k < 40; ++k) w.SetCode(n, k, static_cast<uint8_t>(n));
    }
    const BF16Rows bf16(x, 40);
    for (const BF16Rows* packed : {static_cast<const BF16Rows*>(nullptr), &bf16}) {
      if (packed != nullptr && !table().bf16_dot) continue;
      FloatRows y(x.rows(), 256);
      Run(x, packed, w, 0, x.rows(), 0, 256, y);
      for (int64_t r = 0; r < x.rows(); ++r) {
        for (int64_t n = 0; n < 256; ++n) {
          // The NaN codes come out as ±480, as unpack-inl.h says.
          const bool nan = (n & 0x7F) == 0x7F;
          const double element = nan ? (n & 0x80 ? -480.0 : 480.0) : w.ElementAt(n, 5 * r);
          ASSERT_EQ(y.row(r)[n], x.row(r)[5 * r] * element * w.ScaleAt(n, 5 * r)) << "code " << n;
        }
      }
    }
  }
}

TEST_P(LinearTest, SmallestAndLargestScales) {
  Random random(7);
  // Scales up to 2^119: the 2^8 of unpacking is carried by them.
  struct Case {
    float scale;
    uint8_t e8m0;
  };
  for (const Case& c : {Case{0x1p-127F, 0}, Case{0x1p-126F, 1}, Case{0x1p-60F, 67},
                        Case{0x1p100F, 227}, Case{0x1p118F, 245}, Case{0x1p119F, 246}}) {
    for (const WeightKind& kind : {kWeightKinds[3], kWeightKinds[4]}) {
      SCOPED_TRACE(fmt::format("{}, scale {}", kind.name, c.scale));
      TestWeights w(kind, 3, 160, random, Values::kIntegers);
      w.SetScale(0, 0, c.scale, c.e8m0);
      w.SetScale(0, 128, c.scale, c.e8m0);
      FloatRows x(1, 160, random, Values::kIntegers);
      for (float& v : x.guarded(0)) v *= 0.125F;
      const FloatRows y = RowByRow(x, nullptr, w);
      for (int64_t n = 0; n < 3; ++n) {
        double sum = 0;
        for (int64_t k = 0; k < 160; ++k) sum += x.row(0)[k] * w.At(n, k);
        EXPECT_EQ(y.row(0)[n], static_cast<float>(sum));
      }
    }
  }
}

TEST_P(LinearTest, NaNScalesAndInputsStayNaN) {
  Random random(8);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const WeightKind& kind : kWeightKinds) {
    SCOPED_TRACE(kind.name);
    for (const int64_t rows : {1, 5}) {
      TestWeights w(kind, 130, 300, random, Values::kIntegers);
      FloatRows x(rows, 300, random, Values::kIntegers);
      x.row(0)[299] = nan;
      FloatRows y(rows, 130);
      Run(x, nullptr, w, 0, rows, 0, 130, y);
      for (int64_t n = 0; n < 130; ++n) EXPECT_TRUE(std::isnan(y.row(0)[n]));
      if (rows > 1) {
        EXPECT_FALSE(std::isnan(y.row(1)[0]));
      }
      if (kind.packed != Packed::kE4M3) continue;
      w.SetScale(128, 128, nan, 0xFF);
      Run(x, nullptr, w, 0, rows, 0, 130, y);
      EXPECT_TRUE(std::isnan(y.row(rows - 1)[128]) && std::isnan(y.row(rows - 1)[129]));
      for (int64_t k = 0; k < 300; ++k) x.row(rows - 1)[k] = 1.0F;
      for (int64_t k = 0; k < 300; ++k) w.SetCode(129, k, 0x38);  // 1.0
      Run(x, nullptr, w, 0, rows, 0, 130, y);
      EXPECT_TRUE(std::isnan(y.row(rows - 1)[129]));
      if (rows > 1) {
        EXPECT_FALSE(std::isnan(y.row(rows - 1)[127]));
      }
    }
  }
}

TEST_P(LinearTest, NoRowsIsNothing) {
  Random random(9);
  const TestWeights w(kWeightKinds[0], 3, 5, random, Values::kSymmetric);
  const FloatRows x(1, 5, random, Values::kSymmetric), y(1, 3);
  Run(x, nullptr, w, 0, 0, 0, 3, y);
  Run(x, nullptr, w, 0, 1, 2, 2, y);
  EXPECT_EQ(y.row(0)[2], 0.0F);
}

// Products in bf16: x is rounded beforehand, products are exact, sums are f32; numbers below 2^-126
// count as 0 (the instruction's rule).
TEST_P(LinearTest, BF16ProductsLieWithinTheBound) {
  Random random(10);
  int compared = 0;
  for (const WeightKind& kind : kWeightKinds) {
    if (!HasBF16(kind)) continue;
    for (const int64_t cols : Lengths()) {
      SCOPED_TRACE(fmt::format("{}, {} columns", kind.name, cols));
      const TestWeights w(kind, 131, cols, random, Values::kSymmetric);
      const FloatRows x(5, cols, random, Values::kSymmetric);
      const BF16Rows bf16(x, cols);
      FloatRows y(x.rows(), w.rows());
      Run(x, &bf16, w, 0, x.rows(), 0, w.rows(), y);
      for (int64_t r = 0; r < x.rows(); ++r) {
        std::vector<Bounded> expected;
        for (int64_t n = 0; n < w.rows(); ++n) {
          expected.push_back(test::ReferenceDot(
              cols, test::DotDepth(table(), cols) + 8, [&](int64_t k) { return bf16.At(r, k); },
              [&](int64_t k) { return w.At(n, k); }));
          expected.back().bound += static_cast<double>(cols) * 0x1p-126 * 256 * 5;
        }
        test::ExpectWithin(y.row(r), expected);
        ++compared;
      }
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_EQ(compared > 0, table().bf16_dot);
}

INSTANTIATE_TEST_SUITE_P(EveryTable, LinearTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
