// Mixture of experts on the CPU: the choice, and the experts' work grouped by expert.

#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/cpu_backend.h"
#include "parallel/partition.h"

namespace fathom {
namespace {

constexpr float kClosed = -std::numeric_limits<float>::infinity();

// Index of the largest element, the lowest of equals.
int64_t Largest(const float* x, int64_t n) {
  int64_t best = 0;
  for (int64_t i = 1; i < n; ++i) {
    if (x[i] > x[best]) best = i;
  }
  return best;
}

// The sum of the two largest (of the one, in a group of one).
float BestTwo(const float* x, int64_t n) {
  float first = kClosed, second = kClosed;
  for (int64_t i = 0; i < n; ++i) {
    if (x[i] > first) {
      second = first;
      first = x[i];
    } else if (x[i] > second) {
      second = x[i];
    }
  }
  return n > 1 ? first + second : first;
}

// biased ← -inf outside the `open` groups with the largest sums.
void CloseGroups(float* biased, int64_t experts, int64_t groups, int64_t open, float* sums) {
  const int64_t size = experts / groups;
  for (int64_t g = 0; g < groups; ++g) sums[g] = BestTwo(biased + g * size, size);
  for (int64_t i = 0; i < open; ++i) {
    sums[Largest(sums, groups)] = kClosed;  // marks an open group
  }
  for (int64_t g = 0; g < groups; ++g) {
    if (sums[g] != kClosed) std::fill_n(biased + g * size, size, kClosed);
  }
}

// Floats of experts' outputs up to which all of them are computed before they are summed: for a few
// slots another hand-over to the threads would cost more than the memory is worth.
constexpr int64_t kFewFloats = int64_t{1} << 20;
constexpr int64_t kLeastBlock = 64;

// How many outputs of the experts are computed before they are summed: otherwise so many that they
// fit where the up projections lay, 131 KB a token at the model's true size instead of 360. A
// multiple of every vector's length, so that the cut changes no bit.
int64_t OutputBlock(int64_t slots, int64_t inner, int64_t hidden) {
  if (slots * hidden <= kFewFloats) return hidden;
  return std::min(hidden, std::max(inner / kLeastBlock * kLeastBlock, kLeastBlock));
}

// Gates, and up projections whose place the outputs take.
int64_t ExpertFloats(int64_t slots, int64_t inner, int64_t hidden) {
  return slots * (inner + std::max(inner, OutputBlock(slots, inner, hidden)));
}

}  // namespace

int64_t CpuBackend::WorkspaceBytes(const CpuWorkload& w) {
  const int64_t slots = w.tokens * w.experts_per_token;
  // The most slots whose outputs are computed at once may need more than all of them.
  const int64_t few = std::min(slots, kFewFloats / w.hidden_size);
  const int64_t experts = std::max(ExpertFloats(few, w.expert_inner, w.hidden_size),
                                   ExpertFloats(slots, w.expert_inner, w.hidden_size));
  const int64_t bf16 = std::max(w.tokens * w.widest_input, slots * w.expert_inner);
  return experts * int64_t{sizeof(float)} + bf16 * int64_t{sizeof(uint16_t)};
}

void CpuBackend::RouteExperts(const RouteExpertsParams& p) {
  const int64_t experts = p.logits.cols;
  // Per worker: scores, biased scores, group sums.
  NeedScratch(2 * experts + p.groups);
  pool_.Run(p.logits.rows, [&](int64_t row, int worker) {
    float* scores = Scratch(worker);
    float* biased = scores + experts;
    kernels_.sigmoid(p.logits.row<float>(row), experts, scores);
    for (int64_t e = 0; e < experts; ++e) biased[e] = scores[e] + p.bias[e];
    CloseGroups(biased, experts, p.groups, p.open_groups, biased + experts);
    int32_t* chosen = p.experts + row * p.per_token;
    float* weights = p.weights + row * p.per_token;
    float sum = 0;
    for (int64_t j = 0; j < p.per_token; ++j) {
      const int64_t expert = Largest(biased, experts);
      biased[expert] = kClosed;
      chosen[j] = static_cast<int32_t>(expert);
      weights[j] = scores[expert];
      sum += scores[expert];
    }
    const float factor = p.normalize ? p.scaling / sum : p.scaling;
    for (int64_t j = 0; j < p.per_token; ++j) weights[j] *= factor;
  });
}

// A slot is one (row, choice) pair: slot = row * per_token + j. Slots are sorted by expert, so that
// an expert's weights are read once for all its rows; the rows stay where they are and are reached
// by pointers. Three passes: gate and up with their product, down, the weighted sum of each row;
// the last two by blocks of outputs, see OutputBlock.
void CpuBackend::Experts(const ExpertsParams& p) {
  const auto experts = static_cast<int64_t>(p.weights_of.size());
  const int64_t slots = p.x.rows * p.per_token;
  const int64_t inner = p.weights_of[0].gate.rows, hidden = p.x.cols;
  const int64_t block = OutputBlock(slots, inner, hidden);

  expert_begin_.assign(static_cast<size_t>(experts) + 1, 0);
  for (int64_t s = 0; s < slots; ++s) ++expert_begin_[static_cast<size_t>(p.experts[s]) + 1];
  for (size_t e = 0; e < static_cast<size_t>(experts); ++e) {
    expert_begin_[e + 1] += expert_begin_[e];
  }
  expert_slots_.resize(static_cast<size_t>(slots));
  expert_next_.assign(expert_begin_.begin(), expert_begin_.end() - 1);
  for (int64_t s = 0; s < slots; ++s) {
    const int32_t place = expert_next_[static_cast<size_t>(p.experts[s])]++;
    expert_slots_[static_cast<size_t>(place)] = static_cast<int32_t>(s);
  }

  const bool bf16 = UsesBF16(p.weights_of[0].gate);
  const auto floats = static_cast<size_t>(ExpertFloats(slots, inner, hidden));
  if (expert_floats_.size() < floats * sizeof(float)) {
    Result<AlignedBuffer> memory = AlignedBuffer::Allocate(floats * sizeof(float));
    FATHOM_CHECK(memory.ok(), "expert activations: {}", memory.status().message());
    expert_floats_ = std::move(memory).value();
  }
  float* gates = expert_floats_.As<float>().data();  // [slots, inner]
  float* ups = gates + slots * inner;                // [slots, inner]
  float* downs = ups;                                // [slots, block], once ups are used

  const uint16_t* x_bf16 = bf16 ? PackRows(p.x) : nullptr;
  NeedScratch(kLinearScratch);
  CutExperts(experts, inner);
  pool_.Run(static_cast<int64_t>(expert_pieces_.size()), [&](int64_t item, int worker) {
    const ExpertPiece& piece = expert_pieces_[static_cast<size_t>(item)];
    const ExpertWeights& w = p.weights_of[static_cast<size_t>(piece.expert)];
    Worker& own = WorkerOf(worker);
    const auto rows = static_cast<size_t>(piece.end - piece.begin);
    own.inputs.resize(rows);
    own.inputs_bf16.resize(rows);
    own.outputs.resize(2 * rows);
    for (size_t i = 0; i < rows; ++i) {
      const int64_t slot = expert_slots_[static_cast<size_t>(piece.begin) + i];
      const int64_t row = slot / p.per_token;
      own.inputs[i] = p.x.row<float>(row);
      if (bf16) own.inputs_bf16[i] = x_bf16 + row * hidden;
      own.outputs[i] = gates + slot * inner;
      own.outputs[rows + i] = ups + slot * inner;
    }
    LinearRows linear = {own.inputs.data(),
                         bf16 ? own.inputs_bf16.data() : nullptr,
                         own.outputs.data(),
                         static_cast<int64_t>(rows),
                         piece.n_begin,
                         piece.n_end,
                         0};
    LinearPiece(w.gate, linear, worker);
    linear.y = own.outputs.data() + rows;
    LinearPiece(w.up, linear, worker);
    const int64_t n = piece.n_end - piece.n_begin;
    for (size_t i = 0; i < rows; ++i) {
      float* gate = own.outputs[i] + piece.n_begin;
      float* up = own.outputs[rows + i] + piece.n_begin;
      RoundOutputs(gate, n);
      RoundOutputs(up, n);
      kernels_.swiglu(gate, up, n, gate);
      RoundOutputs(gate, n);
    }
  });

  const BufferView products = {reinterpret_cast<std::byte*>(gates), DType::kF32, slots, inner,
                               inner};
  QuantizeInputs(products, p.weights_of[0].down);
  const uint16_t* products_bf16 = bf16 ? PackRows(products) : nullptr;
  for (int64_t begin = 0; begin < hidden; begin += block) {
    const Range outputs = {begin, std::min(begin + block, hidden)};
    CutExperts(experts, outputs.size());
    pool_.Run(static_cast<int64_t>(expert_pieces_.size()), [&](int64_t item, int worker) {
      const ExpertPiece& piece = expert_pieces_[static_cast<size_t>(item)];
      Worker& own = WorkerOf(worker);
      const auto rows = static_cast<size_t>(piece.end - piece.begin);
      own.inputs.resize(rows);
      own.inputs_bf16.resize(rows);
      own.outputs.resize(rows);
      for (size_t i = 0; i < rows; ++i) {
        const int64_t slot = expert_slots_[static_cast<size_t>(piece.begin) + i];
        own.inputs[i] = gates + slot * inner;
        if (bf16) own.inputs_bf16[i] = products_bf16 + slot * inner;
        own.outputs[i] = downs + slot * block;
      }
      LinearPiece(p.weights_of[static_cast<size_t>(piece.expert)].down,
                  {own.inputs.data(), bf16 ? own.inputs_bf16.data() : nullptr, own.outputs.data(),
                   static_cast<int64_t>(rows), outputs.begin + piece.n_begin,
                   outputs.begin + piece.n_end, outputs.begin},
                  worker);
      for (size_t i = 0; i < rows; ++i) {
        RoundOutputs(own.outputs[i] + piece.n_begin, piece.n_end - piece.n_begin);
      }
    });
    ForRows(p.x.rows, p.per_token * outputs.size(), [&](int64_t row) {
      float* out = p.out.row<float>(row) + outputs.begin;
      std::fill_n(out, outputs.size(), 0.0F);
      for (int64_t j = 0; j < p.per_token; ++j) {
        const int64_t slot = row * p.per_token + j;
        kernels_.add_scaled(out, downs + slot * block, p.weights[slot], outputs.size());
      }
    });
  }
}

// One piece per expert that has rows, cut along its outputs where there are too few for the
// threads.
void CpuBackend::CutExperts(int64_t experts, int64_t outputs) {
  int64_t busy = 0;
  for (int64_t e = 0; e < experts; ++e) {
    busy += expert_begin_[static_cast<size_t>(e) + 1] > expert_begin_[static_cast<size_t>(e)];
  }
  const int64_t cuts = CeilDiv(4 * pool_.threads(), std::max<int64_t>(1, busy));
  const int64_t grain = std::max(kLinearTileRows, CeilDiv(CeilDiv(outputs, cuts), 32) * 32);
  expert_pieces_.clear();
  for (int64_t e = 0; e < experts; ++e) {
    const int64_t begin = expert_begin_[static_cast<size_t>(e)];
    const int64_t end = expert_begin_[static_cast<size_t>(e) + 1];
    if (begin == end) continue;
    for (int64_t n = 0; n < outputs; n += grain) {
      expert_pieces_.push_back({e, begin, end, n, std::min(outputs, n + grain)});
    }
  }
}

}  // namespace fathom
