// exp, and what is computed element by element. exp is 2^n times a polynomial on
// [-ln 2 / 2, ln 2 / 2]; relative error below 2e-7
// (Cephes' expf coefficients). Below -87.3 it gives the smallest normal float, above 88 the
// largest it can; NaN stays NaN.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

namespace fathom::FATHOM_ISA_NAMESPACE {

static inline Vec Exp(Vec x) {
  // Max and Min give their second operand when one is NaN.
  x = Min(Set(88.0F), Max(Set(-87.33654F), x));
  const Vec n = Round(Mul(x, Set(1.44269504088896341F)));
  // ln 2 in two parts, the first with few enough bits that n times it is exact.
  Vec r = Fma(n, Set(-0.693359375F), x);
  r = Fma(n, Set(2.12194440e-4F), r);
  Vec p = Set(1.9875691500e-4F);
  p = Fma(p, r, Set(1.3981999507e-3F));
  p = Fma(p, r, Set(8.3334519073e-3F));
  p = Fma(p, r, Set(4.1665795894e-2F));
  p = Fma(p, r, Set(1.6666665459e-1F));
  p = Fma(p, r, Set(5.0000001201e-1F));
  p = Fma(p, Mul(r, r), r);
  return Mul(Add(p, Set(1.0F)), PowerOfTwo(n));
}

static inline Vec Sigmoid(Vec x) { return Div(Set(1.0F), Add(Set(1.0F), Exp(Sub(Zero(), x)))); }

// f(i) for whole vectors, part(i, n) for what is left.
template <typename Whole, typename Part>
static inline void ForVectors(int64_t n, Whole whole, Part part) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) whole(i);
  if (i < n) part(i, n - i);
}

static void SigmoidRow(const float* x, int64_t n, float* out) {
  ForVectors(
      n, [&](int64_t i) { Store(Sigmoid(Load(x + i)), out + i); },
      [&](int64_t i, int64_t m) { StorePart(Sigmoid(LoadPart(x + i, m)), out + i, m); });
}

// silu(gate) * up, with silu(x) = x * sigmoid(x).
static void SwiGlu(const float* gate, const float* up, int64_t n, float* out) {
  const auto one = [](Vec g, Vec u) { return Mul(Mul(g, Sigmoid(g)), u); };
  ForVectors(
      n, [&](int64_t i) { Store(one(Load(gate + i), Load(up + i)), out + i); },
      [&](int64_t i, int64_t m) {
        StorePart(one(LoadPart(gate + i, m), LoadPart(up + i, m)), out + i, m);
      });
}

static void AddRow(float* x, const float* y, int64_t n) {
  ForVectors(
      n, [&](int64_t i) { Store(Add(Load(x + i), Load(y + i)), x + i); },
      [&](int64_t i, int64_t m) {
        StorePart(Add(LoadPart(x + i, m), LoadPart(y + i, m)), x + i, m);
      });
}

static void AddScaledRow(float* out, const float* x, float weight, int64_t n) {
  const Vec w = Set(weight);
  ForVectors(
      n, [&](int64_t i) { Store(Fma(w, Load(x + i), Load(out + i)), out + i); },
      [&](int64_t i, int64_t m) {
        StorePart(Fma(w, LoadPart(x + i, m), LoadPart(out + i, m)), out + i, m);
      });
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
