// Where the parts of the streaming parser write their events and note their repairs.
#pragma once

#include <string_view>
#include <vector>

#include "chat/stream_event.h"
#include "chat/stream_lexer.h"

namespace fathom::chat {

class StreamOutput {
 public:
  // Until the next Attach events go to `events`, behind what is there.
  void Attach(std::vector<StreamEvent>* events);

  // A piece that continues the last event of this Attach joins it.
  void Emit(EventKind kind, int call, std::string_view text);
  void Mend(Repair repair) { end_.repairs.Add(repair); }
  // The repairs that lie in how a tag is written.
  void NoteForm(const Tag& tag);
  // Counts a complete call.
  void CallCompleted() { ++end_.complete_calls; }
  // Asks for the end of the stream; the first limit counts.
  void HitLimit(LimitHit limit);
  bool limit_hit() const { return end_.limit != LimitHit::kNone; }

  StreamEnd& end() { return end_; }
  void EmitEnd();

 private:
  std::vector<StreamEvent>* events_ = nullptr;
  size_t first_ = 0;  // events before it were told earlier
  StreamEnd end_;
};

}  // namespace fathom::chat
