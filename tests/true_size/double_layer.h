// One layer of the model for a few positions, as a plain loop in double precision written from the
// paper: the measure that the kernels are held to at the model's true size.
//
// The multi-head form throughout: keys and values of every head are made from the latents. What is
// chosen (cache positions, experts) is scored here for all candidates, but the computation goes on
// with the choice it is given, so that a near tie that fell the other way is one finding and does
// not spoil the next.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "parallel/thread_pool.h"

namespace fathom::true_size {

// A position and what the program chose for it.
struct Chosen {
  int64_t position = 0;
  std::vector<int32_t> keys;     // positions it attends to
  std::vector<int32_t> experts;  // empty in a dense layer
};

struct DoubleRow {
  std::vector<double> index_scores;   // [position + 1]  of every key it could attend to
  std::vector<double> expert_scores;  // [E]  biased, -infinity in closed groups; empty if dense
  std::vector<double> hidden;         // [D]  the residual stream after the layer
};

// `hidden` [T, D] is the residual stream before the layer, positions 0 … T - 1, T above every
// position asked for.
std::vector<DoubleRow> DoubleLayer(const Checkpoint& checkpoint, int64_t layer,
                                   std::span<const float> hidden, const std::vector<Chosen>& chosen,
                                   ThreadPool& pool);

// norm(hidden) with the weights of model.norm.
std::vector<double> DoubleFinalNorm(const Checkpoint& checkpoint, std::vector<double> hidden,
                                    ThreadPool& pool);

// lm_head · normed, for every vector of `normed`.
std::vector<std::vector<double>> DoubleLogits(const Checkpoint& checkpoint,
                                              const std::vector<std::vector<double>>& normed,
                                              ThreadPool& pool);

}  // namespace fathom::true_size
