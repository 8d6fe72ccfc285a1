// Counter-based random numbers: the same (seed, stream, position) gives the same number, on every
// machine and in any order. Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011).
#pragma once

#include <array>
#include <cstdint>

namespace fathom {

// 128 random bits of counter (position, stream) under the key `seed`.
std::array<uint32_t, 4> Philox(uint64_t seed, uint64_t stream, uint64_t position);

// In [0, 1), 53 bits.
double RandomUniform(uint64_t seed, uint64_t stream, uint64_t position);

}  // namespace fathom
