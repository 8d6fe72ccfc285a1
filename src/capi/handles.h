// What the opaque handles of fathom.h are.
#pragma once

#include <memory>
#include <string>

#include "capi/fathom.h"
#include "capi/shared_model.h"
#include "tokenizer/stream_decoder.h"
#include "tokenizer/tokenizer.h"

struct fathom_tokenizer {
  std::shared_ptr<const fathom::Tokenizer> tokenizer;  // a model's own shares its model
};

struct fathom_decoder {
  std::shared_ptr<const fathom::Tokenizer> tokenizer;
  fathom::StreamDecoder decoder;
};

struct fathom_model {
  std::shared_ptr<fathom::capi::SharedModel> model;
};

struct fathom_generation {
  std::unique_ptr<fathom::capi::Generation> generation;
  std::string text;  // of the event that was handed out last
};
