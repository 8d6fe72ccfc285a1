// The weights of a model, named as in the official inference code (spec 2.7), every field with its
// shape. Matrices stay where the checkpoint has them; small vectors are copied to f32.
//
// Letters as in backend/op_params.h; Q q_lora_rank, F intermediate_size, G moe_intermediate_size.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "backend/op_params.h"
#include "base/status.h"
#include "checkpoint/checkpoint.h"
#include "quant/matrix_view.h"

namespace fathom {

struct IndexerWeights {
  MatrixView wq_b;             // [I * J, Q]  per head P rotary rows, then the others
  MatrixView wk;               // [J, D]
  const float* k_norm_weight;  // [J]
  const float* k_norm_bias;    // [J]
  MatrixView weights_proj;     // [I, D]
};

struct AttentionWeights {
  MatrixView wq_a;       // [Q, D]
  const float* q_norm;   // [Q]
  MatrixView wq_b;       // [H * (N + P), Q]
  MatrixView wkv_a;      // [R + P, D]
  const float* kv_norm;  // [R]
  MatrixView wkv_b;      // [H * (N + V), R]  per head N rows for keys, then V rows for values
  MatrixView wo;         // [D, H * V]
  IndexerWeights indexer;
};

struct MlpWeights {
  MatrixView w1;  // [F, D]  gate_proj
  MatrixView w3;  // [F, D]  up_proj
  MatrixView w2;  // [D, F]  down_proj
};

struct MoeWeights {
  MatrixView gate;                     // [E, D]
  const float* bias;                   // [E]  e_score_correction_bias
  std::vector<ExpertWeights> experts;  // [E]  of G
  MlpWeights shared;                   // F = n_shared_experts * G
};

struct LayerWeights {
  const float* attn_norm;  // [D]
  AttentionWeights attn;
  const float* ffn_norm;  // [D]
  // One of the two.
  std::optional<MlpWeights> mlp;
  std::optional<MoeWeights> moe;
};

// The layer that drafts a further token (spec 5). Embedding and head are those of the model.
struct MtpWeights {
  const float* enorm;  // [D]
  const float* hnorm;  // [D]
  MatrixView eh_proj;  // [D, 2 D]  embedding half first
  LayerWeights layer;
  const float* norm;  // [D]  shared_head.norm
};

struct ModelWeights {
  MatrixView embed;  // [vocab, D]
  std::vector<LayerWeights> layers;
  const float* norm;  // [D]
  MatrixView head;    // [vocab, D]
  std::optional<MtpWeights> mtp;

  std::deque<std::vector<float>> vectors;  // what the float pointers above point into
};

// Names are looked up, nothing is read but the small vectors. The checkpoint outlives the weights.
// The MTP layer is bound when `with_mtp`, which the checkpoint must have.
ModelWeights BindWeights(const Checkpoint& checkpoint, bool with_mtp);

}  // namespace fathom
