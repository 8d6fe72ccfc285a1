#include "true_size/double_math.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

namespace fathom::true_size {
namespace {

// Spec 6.1: one bit sign, four exponent with bias 7, three mantissa, no infinities.
std::array<double, 256> E4M3Values() {
  std::array<double, 256> values{};
  for (int code = 0; code < 256; ++code) {
    const int exponent = code >> 3 & 15, mantissa = code & 7;
    const double size = exponent == 0 ? std::ldexp(mantissa / 8.0, -6)
                                      : std::ldexp(1 + mantissa / 8.0, exponent - 7);
    values[static_cast<size_t>(code)] = (code & 0x80) != 0 ? -size : size;
  }
  return values;
}

double Element(const void* data, DType type, int64_t i) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  if (type == DType::kF32) {
    float value;
    std::memcpy(&value, bytes + 4 * i, 4);
    return value;
  }
  FATHOM_CHECK(type == DType::kBF16, "weights of type {}", Name(type));
  uint32_t bits = uint32_t{bytes[2 * i]} << 16 | uint32_t{bytes[2 * i + 1]} << 24;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

// Spec 2.1: element times the factor of its tile of 128 × 128.
void DecodeRow(const Checkpoint& checkpoint, const std::string& name, int64_t row, double* out) {
  static const std::array<double, 256> e4m3 = E4M3Values();
  const TensorView w = checkpoint.Plain(name);
  const int64_t columns = w.shape[1];
  if (w.dtype != DType::kF8E4M3) {
    for (int64_t k = 0; k < columns; ++k) out[k] = Element(w.data, w.dtype, row * columns + k);
    return;
  }
  const TensorView factors = checkpoint.Plain(name + "_scale_inv");
  const auto* codes = static_cast<const unsigned char*>(w.data) + row * columns;
  for (int64_t k = 0; k < columns; ++k) {
    const int64_t tile = row / 128 * factors.shape[1] + k / 128;
    out[k] = e4m3[codes[k]] * Element(factors.data, factors.dtype, tile);
  }
}

}  // namespace

std::vector<double> Weights::Vector(const std::string& name) const {
  const TensorView v = checkpoint_.Plain(prefix_ + name);
  std::vector<double> values(static_cast<size_t>(v.elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = Element(v.data, v.dtype, static_cast<int64_t>(i));
  }
  return values;
}

Rows Weights::Multiply(const std::string& name, const Rows& x, int64_t begin, int64_t end) const {
  const std::string full = prefix_ + name + ".weight";
  const TensorView w = checkpoint_.Plain(full);
  const int64_t columns = w.shape[1];
  if (end < 0) end = w.shape[0];
  FATHOM_CHECK(x.width == columns, "{}: {} columns, {} inputs", full, columns, x.width);
  // Eight inputs lie side by side: each of their sums still runs over k one after the other, but
  // the compiler may take the eight together, which a single sum does not allow.
  constexpr int64_t kSide = 8;
  const int64_t blocks = (x.count + kSide - 1) / kSide;
  std::vector<double> side(static_cast<size_t>(blocks * columns * kSide));
  for (int64_t i = 0; i < x.count; ++i) {
    double* block = side.data() + i / kSide * columns * kSide + i % kSide;
    for (int64_t k = 0; k < columns; ++k) block[k * kSide] = x.row(i)[k];
  }
  Rows y(x.count, end - begin);
  constexpr int64_t kPiece = 32;
  pool_.Run((end - begin + kPiece - 1) / kPiece, [&](int64_t piece, int) {
    const int64_t first = begin + piece * kPiece, count = std::min(kPiece, end - first);
    std::vector<double> decoded(static_cast<size_t>(count * columns));
    for (int64_t n = 0; n < count; ++n) {
      DecodeRow(checkpoint_, full, first + n, decoded.data() + n * columns);
    }
    for (int64_t b = 0; b < blocks; ++b) {
      const double* inputs = side.data() + b * columns * kSide;
      for (int64_t n = 0; n < count; ++n) {
        double sums[kSide] = {};
        const double* weights = decoded.data() + n * columns;
        for (int64_t k = 0; k < columns; ++k) {
          for (int64_t j = 0; j < kSide; ++j) sums[j] += weights[k] * inputs[k * kSide + j];
        }
        for (int64_t j = 0; j < std::min(kSide, x.count - b * kSide); ++j) {
          y.row(b * kSide + j)[first - begin + n] = sums[j];
        }
      }
    }
  });
  return y;
}

void RmsNorm(const std::vector<double>& weight, double eps, std::span<double> x) {
  const auto n = static_cast<int64_t>(x.size());
  const double scale = 1 / std::sqrt(Dot(x.data(), x.data(), n) / static_cast<double>(n) + eps);
  for (size_t i = 0; i < x.size(); ++i) x[i] *= scale * weight[i];
}

void RmsNorm(const std::vector<double>& weight, double eps, Rows* x) {
  for (int64_t i = 0; i < x->count; ++i) {
    RmsNorm(weight, eps, {x->row(i), static_cast<size_t>(x->width)});
  }
}

void LayerNorm(const std::vector<double>& weight, const std::vector<double>& bias, double eps,
               std::span<double> x) {
  const auto n = static_cast<double>(x.size());
  double mean = 0, variance = 0;
  for (const double v : x) mean += v / n;
  for (const double v : x) variance += (v - mean) * (v - mean) / n;
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = (x[i] - mean) / std::sqrt(variance + eps) * weight[i] + bias[i];
  }
}

Rotary::Rotary(const ModelConfig& config) {
  const RopeConfig& r = config.rope;
  const auto dim = static_cast<double>(config.qk_rope_head_dim);
  const auto turning = [&](double turns) {
    const auto original = static_cast<double>(r.original_max_position_embeddings);
    return dim * std::log(original / (2 * std::numbers::pi * turns)) / (2 * std::log(r.theta));
  };
  const double low = std::clamp(std::floor(turning(r.beta_fast)), 0.0, dim - 1);
  const double high = std::clamp(std::ceil(turning(r.beta_slow)), 0.0, dim - 1);
  FATHOM_CHECK(r.factor > 1 && high > low, "a YaRN table with a ramp is expected");
  for (int64_t i = 0; i < config.qk_rope_head_dim / 2; ++i) {
    const double plain = std::pow(r.theta, -2 * static_cast<double>(i) / dim);
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    frequencies_.push_back(static_cast<float>(plain / r.factor * ramp + plain * (1 - ramp)));
  }
  const double all = 0.1 * r.mscale_all_dim * std::log(r.factor) + 1;
  magnitude_ = (0.1 * r.mscale * std::log(r.factor) + 1) / all;
  softmax_scale_ = all * all / std::sqrt(static_cast<double>(config.qk_head_dim()));
}

// The product is an f32 number in the official code, which matters at large positions.
double Rotary::Angle(int64_t position, int64_t pair) const {
  return static_cast<float>(position) * frequencies_[static_cast<size_t>(pair)];
}

void Rotary::Turn(double angle, double* a, double* b) const {
  const double c = std::cos(angle) * magnitude_, s = std::sin(angle) * magnitude_, x = *a, y = *b;
  *a = x * c - y * s;
  *b = x * s + y * c;
}

void Rotary::Interleaved(int64_t position, double* x) const {
  const auto pairs = static_cast<int64_t>(frequencies_.size());
  for (int64_t i = 0; i < pairs; ++i) Turn(Angle(position, i), x + 2 * i, x + 2 * i + 1);
}

void Rotary::Half(int64_t position, double* x) const {
  const auto pairs = static_cast<int64_t>(frequencies_.size());
  for (int64_t i = 0; i < pairs; ++i) Turn(Angle(position, i), x + i, x + pairs + i);
}

void Softmax(std::vector<double>* x) {
  const double most = *std::max_element(x->begin(), x->end());
  double sum = 0;
  for (double& v : *x) sum += v = std::exp(v - most);
  for (double& v : *x) v /= sum;
}

double Dot(const double* a, const double* b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double Silu(double x) { return x * Sigmoid(x); }

}  // namespace fathom::true_size
