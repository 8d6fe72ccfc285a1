// Plain mathematics in double precision over weights as a checkpoint stores them: what the double
// loop of double_layer.cc is written with. Shares no code with the kernels or with quant.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "parallel/thread_pool.h"

namespace fathom::true_size {

// [count, width], row-major.
struct Rows {
  int64_t count = 0, width = 0;
  std::vector<double> values;

  Rows() = default;
  Rows(int64_t rows, int64_t columns)
      : count(rows), width(columns), values(static_cast<size_t>(rows * columns)) {}
  double* row(int64_t i) { return values.data() + i * width; }
  const double* row(int64_t i) const { return values.data() + i * width; }
};

// Tensors of one checkpoint below one prefix ("model.layers.3."), decoded when they are used.
class Weights {
 public:
  Weights(const Checkpoint& checkpoint, std::string prefix, ThreadPool& pool)
      : checkpoint_(checkpoint), prefix_(std::move(prefix)), pool_(pool) {}

  std::vector<double> Vector(const std::string& name) const;

  // y[i] = W x[i] with W the rows [begin, end) of `name`.weight; all rows when end is -1.
  Rows Multiply(const std::string& name, const Rows& x, int64_t begin = 0, int64_t end = -1) const;

 private:
  const Checkpoint& checkpoint_;
  const std::string prefix_;
  ThreadPool& pool_;
};

// Spec 3.1. Over every row, in place.
void RmsNorm(const std::vector<double>& weight, double eps, Rows* x);
void RmsNorm(const std::vector<double>& weight, double eps, std::span<double> x);
void LayerNorm(const std::vector<double>& weight, const std::vector<double>& bias, double eps,
               std::span<double> x);

// Spec 3.2 and 3.3.
class Rotary {
 public:
  explicit Rotary(const ModelConfig& config);
  double softmax_scale() const { return softmax_scale_; }
  // Rotates the pairs (2i, 2i + 1) of x.
  void Interleaved(int64_t position, double* x) const;
  // Rotates the pairs (i, i + dim / 2) of x.
  void Half(int64_t position, double* x) const;

 private:
  double Angle(int64_t position, int64_t pair) const;
  void Turn(double angle, double* a, double* b) const;

  std::vector<float> frequencies_;
  double magnitude_ = 1, softmax_scale_ = 0;
};

// x ← softmax(x)
void Softmax(std::vector<double>* x);
double Dot(const double* a, const double* b, int64_t n);
double Silu(double x);
double Sigmoid(double x);

}  // namespace fathom::true_size
