// How often the MTP layer's guess would be accepted by greedy speculative decoding (spec 5).
//
// The text is given to both (teacher forcing). At position i the MTP layer sees the main model's
// hidden state and the text's token i+1, and guesses token i+2; the guess is accepted when it is
// the main model's own most likely token at i+1. Where token i+1 of the text is what the main model
// would have said at i, this is exactly what speculation meets; those positions are also counted
// apart.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/status.h"
#include "runtime/open_model.h"

namespace fathom {

struct MtpAcceptance {
  int64_t positions = 0, accepted = 0;
  int64_t own_positions = 0, own_accepted = 0;  // where token i+1 is the main model's choice
  int64_t windows = 0;
  bool interrupted = false;
};

inline constexpr int64_t kMtpWindow = 1024;  // tokens that share a context
inline constexpr int64_t kMtpStep = 128;     // tokens of a step: logits of all of them are kept

// What the model must be opened with.
void FitMtpOptions(ModelOptions* options);

// The text in windows of 1024 tokens behind a `begin` token each, as the published figures of
// fathom-nano were taken. kInvalidArgument for a text below 3 tokens, kDataLoss for logits that are
// no numbers. `stop` is asked between steps: when it fails, what was counted so far comes back.
Result<MtpAcceptance> MeasureMtpAcceptance(LoadedModel& model, std::span<const int32_t> text,
                                           int32_t begin, const std::function<Status()>& stop);

}  // namespace fathom
