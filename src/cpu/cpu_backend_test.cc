// Operations of the backend: cuts, ragged batches, numeric modes and thread counts, against the
// references and against the same operation on one thread.
#include "cpu/cpu_backend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "cpu/kernels/dispatch.h"
#include "cpu/kernels/kernel_test.h"
#include "cpu/kernels/references.h"
#include "cpu/kernels/test_data.h"
#include "tensor/float_formats.h"

namespace fathom {
namespace {

using test::Bounded;
using test::CacheView;
using test::Guarded;
using test::kCacheTypes;
using test::kWeightKinds;
using test::Random;
using test::TestWeights;
using test::Values;

constexpr int kThreadCounts[] = {1, 2, 3, 8};

// [rows, cols] floats with `gap` floats between rows.
class Activations {
 public:
  Activations(int64_t rows, int64_t cols, int64_t gap = 3)
      : data_(rows == 0 ? 0 : (rows - 1) * (cols + gap) + cols),
        view_{reinterpret_cast<std::byte*>(data_.data()), DType::kF32, rows, cols, cols + gap} {}
  Activations(int64_t rows, int64_t cols, Random& random, Values values = Values::kSymmetric)
      : Activations(rows, cols) {
    for (float& x : data_) x = test::Draw(random, values);
  }
  const BufferView& view() const { return view_; }
  float* row(int64_t r) const { return view_.row<float>(r); }
  void CopyFrom(const Activations& other) const {
    std::copy(other.data_.begin(), other.data_.end(), data_.begin());
  }
  bool Intact() const { return data_.Intact(); }

 private:
  Guarded<float> data_;
  BufferView view_;
};

void ExpectSameBits(const Activations& a, const Activations& b) {
  for (int64_t r = 0; r < a.view().rows; ++r) {
    test::ExpectSameBits(a.row(r), b.row(r), a.view().cols);
  }
}

class CpuBackendTest : public test::KernelTest {
 protected:
  std::unique_ptr<CpuBackend> Make(int threads, Numerics numerics = Numerics::kReference) const {
    CpuOptions options;
    options.threads = threads;
    options.numerics = numerics;
    options.isa = table().name;
    return CpuBackend::Create(options).value();
  }

  // Calls run(backend, out) for every thread count, each time with a fresh copy of `start`, and
  // returns what one thread made; the others must make the same bits.
  template <typename F>
  std::unique_ptr<Activations> OnEveryThreadCount(const Activations& start, F run,
                                                  Numerics numerics = Numerics::kReference) const {
    std::unique_ptr<Activations> first;
    for (const int threads : kThreadCounts) {
      const std::unique_ptr<CpuBackend> backend = Make(threads, numerics);
      auto out = std::make_unique<Activations>(start.view().rows, start.view().cols);
      out->CopyFrom(start);
      run(*backend, out->view());
      EXPECT_TRUE(out->Intact());
      if (first == nullptr) {
        first = std::move(out);
      } else {
        SCOPED_TRACE(fmt::format("{} threads", threads));
        ExpectSameBits(*out, *first);
      }
    }
    return first;
  }
};

TEST(CpuBackend, SaysWhatItIs) {
  CpuOptions options;
  options.isa = "scalar";
  options.threads = 1;
  EXPECT_EQ(CpuBackend::Create(options).value()->Name(), "cpu (scalar, 1 thread)");
  options.threads = 3;
  options.numerics = Numerics::kReference;
  const auto backend = CpuBackend::Create(options).value();
  EXPECT_EQ(backend->Name(), "cpu (scalar, 3 threads)");
  EXPECT_EQ(backend->numerics(), Numerics::kReference);
  options.isa = "mmx";
  EXPECT_EQ(CpuBackend::Create(options).status().code(), Code::kInvalidArgument);
}

TEST(CpuBackend, MemoryIsZeroedAndAligned) {
  const auto backend = CpuBackend::Create({}).value();
  for (const size_t bytes : {size_t{1}, size_t{4096}, size_t{3} << 20}) {
    const Buffer buffer = backend->Allocate(bytes).value();
    ASSERT_EQ(buffer.bytes(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0U);
    for (size_t i = 0; i < bytes; i += 511) ASSERT_EQ(buffer.data()[i], std::byte{0});
  }
  const auto impossible = backend->Allocate(size_t{1} << 60);
  ASSERT_FALSE(impossible.ok());
  EXPECT_EQ(impossible.status().code(), Code::kResourceExhausted);
}

TEST_P(CpuBackendTest, Linear) {
  Random random(1);
  for (const test::WeightKind& kind : kWeightKinds) {
    for (const auto& [outputs, cols] :
         {std::pair<int64_t, int64_t>{1, 7}, {37, 130}, {300, 64}, {1000, 129}}) {
      const TestWeights w(kind, outputs, cols, random, Values::kSymmetric);
      for (const int64_t rows : {1, 2, 5, 8, 9, 40, 200}) {
        SCOPED_TRACE(fmt::format("{}, {} rows x [{}, {}]", kind.name, rows, outputs, cols));
        const Activations x(rows, cols, random), zeros(rows, outputs);
        const auto y = OnEveryThreadCount(zeros, [&](CpuBackend& backend, const BufferView& out) {
          backend.Linear({x.view(), w.view(), out});
        });
        for (const int64_t r : {int64_t{0}, rows / 2, rows - 1}) {
          std::vector<Bounded> expected;
          for (int64_t n = 0; n < outputs; ++n) {
            expected.push_back(test::ReferenceLinear(table(), x.row(r), w, n));
          }
          test::ExpectWithin(y->row(r), expected);
        }
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Fast numerics may round activations to bf16, where the table has products for it; what asks for
// exact products gets them.
TEST_P(CpuBackendTest, FastNumericsRoundActivationsAtMost) {
  Random random(2);
  for (const test::WeightKind& kind : kWeightKinds) {
    const TestWeights w(kind, 150, 300, random, Values::kSymmetric);
    for (const int64_t rows : {1, 3, 33}) {
      SCOPED_TRACE(fmt::format("{}, {} rows", kind.name, rows));
      const Activations x(rows, 300, random), zeros(rows, 150);
      const auto run = [&](LinearParams::Accuracy accuracy) {
        return [&, accuracy](CpuBackend& backend, const BufferView& out) {
          backend.Linear({x.view(), w.view(), out, accuracy});
        };
      };
      using Accuracy = LinearParams::Accuracy;
      const auto reference = OnEveryThreadCount(zeros, run(Accuracy::kModel));
      const auto exact = OnEveryThreadCount(zeros, run(Accuracy::kExact), Numerics::kFast);
      const auto fast = OnEveryThreadCount(zeros, run(Accuracy::kModel), Numerics::kFast);
      ExpectSameBits(*exact, *reference);
      const bool rounds =
          table().bf16_dot && (kind.packed == Packed::kBF16 || kind.packed == Packed::kE4M3);
      if (!rounds) {
        ExpectSameBits(*fast, *reference);
        continue;
      }
      for (int64_t r = 0; r < rows; ++r) {
        std::vector<Bounded> expected;
        for (int64_t n = 0; n < 150; ++n) {
          expected.push_back(test::ReferenceDot(
              300, test::DotDepth(table(), 300) + 8,
              [&](int64_t k) { return RoundToBF16(x.row(r)[k]); },
              [&](int64_t k) { return w.At(n, k); }));
        }
        test::ExpectWithin(fast->row(r), expected);
      }
    }
  }
}

TEST_P(CpuBackendTest, EmbedAndGather) {
  Random random(3);
  for (const test::WeightKind& kind : {kWeightKinds[0], kWeightKinds[1], kWeightKinds[2]}) {
    const TestWeights w(kind, 50, 77, random, Values::kSymmetric);
    std::vector<int32_t> ids(123);
    for (int32_t& id : ids) id = static_cast<int32_t>(random.Below(50));
    const Activations zeros(123, 77);
    const auto embedded =
        OnEveryThreadCount(zeros, [&](CpuBackend& backend, const BufferView& out) {
          backend.Embed({ids.data(), w.view(), out});
        });
    for (int64_t r = 0; r < 123; ++r) {
      for (int64_t d = 0; d < 77; ++d) {
        ASSERT_EQ(embedded->row(r)[d], w.ElementAt(ids[static_cast<size_t>(r)], d));
      }
    }
    const std::vector<int32_t> index = {5, 5, 0, 122};
    const Activations gathered(4, 77);
    Make(2)->GatherRows({embedded->view(), index, gathered.view()});
    for (size_t i = 0; i < index.size(); ++i) {
      test::ExpectSameBits(gathered.row(static_cast<int64_t>(i)), embedded->row(index[i]), 77);
    }
  }
}

// What works row by row: every row as its kernel makes it, on any number of threads.
TEST_P(CpuBackendTest, RowOperations) {
  Random random(4);
  const int64_t n = 90;
  for (const int64_t rows : {1, 2, 7, 1000}) {
    SCOPED_TRACE(rows);
    const Activations x(rows, n, random), y(rows, n, random), zeros(rows, n);
    const Activations weights(2, n, random);
    const float* w = weights.row(0);
    const float* b = weights.row(1);
    const auto check = [&](const Activations& actual, auto kernel) {
      for (int64_t r = 0; r < rows; ++r) {
        std::vector<float> expected(x.row(r), x.row(r) + n);
        kernel(r, expected.data());
        test::ExpectSameBits(actual.row(r), expected.data(), n);
      }
    };
    check(*OnEveryThreadCount(zeros,
                              [&](CpuBackend& backend, const BufferView& out) {
                                backend.RmsNorm({x.view(), w, 1e-6F, out});
                              }),
          [&](int64_t r, float* out) { table().rms_norm(x.row(r), w, 1e-6F, n, out); });
    check(*OnEveryThreadCount(zeros,
                              [&](CpuBackend& backend, const BufferView& out) {
                                backend.LayerNorm({x.view(), w, b, 1e-6F, out});
                              }),
          [&](int64_t r, float* out) { table().layer_norm(x.row(r), w, b, 1e-6F, n, out); });
    check(*OnEveryThreadCount(zeros,
                              [&](CpuBackend& backend, const BufferView& out) {
                                backend.SwiGlu({x.view(), y.view(), out});
                              }),
          [&](int64_t r, float* out) { table().swiglu(x.row(r), y.row(r), n, out); });
    check(*OnEveryThreadCount(x,
                              [&](CpuBackend& backend, const BufferView& out) {
                                backend.Add({out, y.view()});
                              }),
          [&](int64_t r, float* out) { table().add(out, y.row(r), n); });
    // Both results of add_rms_norm.
    check(*OnEveryThreadCount(x,
                              [&](CpuBackend& backend, const BufferView& out) {
                                const Activations norms(rows, n);
                                backend.AddRmsNorm({y.view(), out, w, 1e-6F, norms.view()});
                              }),
          [&](int64_t r, float* out) { table().add(out, y.row(r), n); });
    check(*OnEveryThreadCount(zeros,
                              [&](CpuBackend& backend, const BufferView& out) {
                                const Activations residual(rows, n);
                                residual.CopyFrom(x);
                                backend.AddRmsNorm({y.view(), residual.view(), w, 1e-6F, out});
                              }),
          [&](int64_t r, float* out) {
            std::vector<float> residual(x.row(r), x.row(r) + n);
            table().add_rms_norm(y.row(r), residual.data(), w, 1e-6F, n, out);
          });
  }
}

TEST_P(CpuBackendTest, RotationsOfEveryHead) {
  Random random(5);
  constexpr int64_t kHeads = 3, kStride = 40, kDim = 16, kRows = 70;
  const Activations x(kRows, kHeads * kStride, random), cos_sin(kRows, kDim, random);
  for (const RopeOrder order : {RopeOrder::kInterleaved, RopeOrder::kHalf}) {
    const auto rotated = OnEveryThreadCount(x, [&](CpuBackend& backend, const BufferView& out) {
      // The rotary part stands at the end of each head.
      backend.Rope({out.Columns(kStride - kDim, (kHeads - 1) * kStride + kDim), kHeads, kStride,
                    kDim, cos_sin.view(), order});
    });
    for (int64_t r = 0; r < kRows; ++r) {
      std::vector<float> expected(x.row(r), x.row(r) + kHeads * kStride);
      for (int64_t h = 0; h < kHeads; ++h) {
        (order == RopeOrder::kHalf ? table().rope_half : table().rope_interleaved)(
            expected.data() + h * kStride + kStride - kDim, cos_sin.row(r), kDim);
      }
      test::ExpectSameBits(rotated->row(r), expected.data(), kHeads * kStride);
    }
  }
  const Activations q(kRows, 4 * 32, random);
  const auto mixed = OnEveryThreadCount(q, [&](CpuBackend& backend, const BufferView& out) {
    backend.Hadamard({out, 32});
  });
  for (int64_t r = 0; r < kRows; ++r) {
    std::vector<float> expected(q.row(r), q.row(r) + 128);
    for (int64_t h = 0; h < 4; ++h) table().hadamard(expected.data() + h * 32, 32);
    test::ExpectSameBits(mixed->row(r), expected.data(), 128);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryTable, CpuBackendTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
