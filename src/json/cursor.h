// Reads JSON text in order and builds no values: for files whose bulk is one huge object or array.
//
//   Cursor at(text);
//   std::string_view key;
//   if (at.BeginObject()) {
//     while (at.NextMember(&key)) {
//       if (key == "count") at.Int(&count); else at.Skip();
//     }
//   }
//   at.End();
//   if (!at.status().ok()) return at.status();
//
// Every call returns whether it did what it says. The first failure stays, later calls do nothing,
// so one look at status() behind a loop is enough. Grammar and messages are those of json::Parse.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "json/value.h"

namespace fathom::json {

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  const Status& status() const { return status_; }
  // Where the next call begins to read, in bytes from the start of the text.
  size_t offset() const { return at_; }

  // What stands next; kNull where nothing does.
  Kind NextKind();

  // Enters a container. NextMember leaves the cursor before the member's value, NextElement before
  // the element, which the caller then reads (or skips). They return false behind the last one.
  bool BeginObject();
  bool NextMember(std::string_view* key);
  bool BeginArray();
  bool NextElement();

  // A string or a key is a view into the text or, where it has escapes, into the cursor: valid
  // until the next string or key is read.
  bool String(std::string_view* out);
  bool Int(int64_t* out);
  // Any value, as a tree.
  bool Read(Value* out);
  // Any value. What lies in a skipped container is not checked beyond strings and nesting.
  bool Skip();

  // Nothing but white space is left.
  bool End();

 private:
  bool Fail(size_t offset, std::string_view message);
  bool FailKind(std::string_view wanted);
  bool Begin(char open, std::string_view wanted);
  bool Next(char close);
  void SkipSpace();
  bool StringEnd(size_t* end);
  bool TakeString(std::string* buffer, std::string_view* out);

  std::string_view text_;
  size_t at_ = 0;
  bool entered_ = false;  // the last call was a Begin: no comma is due
  std::string key_;
  std::string string_;
  Status status_;
};

}  // namespace fathom::json
