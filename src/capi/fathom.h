/* Fathom's C API: DeepSeek-V3.2 as a library. Plain C99.
 *
 * Failure. Functions that can fail return a fathom_code; FATHOM_OK is 0. The text of the calling
 * thread's last failure is fathom_last_error(): what was found, what was expected, where. When a
 * function fails, its outputs are set to empty (null, size 0) if it was given a place for them.
 *
 * Strings are UTF-8 with a length in bytes. FATHOM_NUL_TERMINATED as a length means: up to the
 * first zero byte. Text with invalid UTF-8 is refused with FATHOM_INVALID_ARGUMENT wherever it is
 * read as JSON or as a path; a tokenizer reads invalid sequences as U+FFFD.
 *
 * Ownership. What a function makes (..._open, ..._start, ..._new, an output string or list) is the
 * caller's and is given back with the matching ..._free. Null may be given to every ..._free. What
 * a function is given stays the caller's and is not looked at after it returns. Handles hold on to
 * what they were made from, so they may be freed in any order.
 *
 * Threads. Tokenizers and models serve any number of threads at once. A decoder or a generation
 * serves one thread at a time; fathom_generation_cancel alone may come from any thread. Freeing a
 * handle that another thread is using is an error of the caller.
 *
 * Growth. Structs begin with struct_size, which the caller sets to sizeof; FATHOM_INIT(type) does
 * it. A zero in any other member means the default, so that a program built today runs with a later
 * library. Options of a generation are members of its JSON object.
 */
#ifndef FATHOM_H_
#define FATHOM_H_

#include <stddef.h>
#include <stdint.h>

#if defined(FATHOM_BUILDS_LIBRARY)
#define FATHOM_API __attribute__((visibility("default")))
#else
#define FATHOM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define FATHOM_NUL_TERMINATED ((size_t)-1)

/* fathom_model_options options = FATHOM_INIT(fathom_model_options); */
#if defined(__cplusplus)
#define FATHOM_INIT(type)                    \
  ([] {                                      \
    type made_by_init = type();              \
    made_by_init.struct_size = sizeof(type); \
    return made_by_init;                     \
  }())
#else
#define FATHOM_INIT(type) \
  { .struct_size = sizeof(type) }
#endif

typedef enum fathom_code {
  FATHOM_OK = 0,
  FATHOM_INVALID_ARGUMENT = 1,   /* the caller's input is wrong, and the text says how */
  FATHOM_NOT_FOUND = 2,          /* a file, tensor or name that should exist does not */
  FATHOM_UNSUPPORTED = 3,        /* well formed, but nothing here can run it */
  FATHOM_RESOURCE_EXHAUSTED = 4, /* a limit; the text holds the numbers */
  FATHOM_DATA_LOSS = 5,          /* stored data is damaged */
  FATHOM_CANCELLED = 6,          /* asked to stop */
  FATHOM_INTERNAL = 7,           /* the system refused something that should work */
  FATHOM_OUT_OF_MEMORY = 8
} fathom_code;

/* "0.1.0". A constant, never freed. */
FATHOM_API const char* fathom_version(void);

/* "invalid argument" and so on; "unknown code" for other numbers. A constant. */
FATHOM_API const char* fathom_code_name(int code);

/* The text of the last failure of the calling thread, empty before the first. Zero-terminated;
 * valid until this thread calls another function that returns a fathom_code. */
FATHOM_API const char* fathom_last_error(void);

/* What the official Python encoder raises in place of the last failure: "AssertionError",
 * "TypeError" and so on after fathom_encode_messages and fathom_parse_message, else empty.
 * fathom_last_error is then the exception's text. Lives as long as fathom_last_error. */
FATHOM_API const char* fathom_last_error_type(void);

/* Text made by the library: size bytes and a zero behind them. */
typedef struct fathom_string {
  char* data;
  size_t size;
} fathom_string;

/* Gives the text back and sets the string to empty. Empty strings and null are left alone. */
FATHOM_API void fathom_string_free(fathom_string* string);

typedef struct fathom_tokens {
  int32_t* data; /* [size] */
  size_t size;
} fathom_tokens;

FATHOM_API void fathom_tokens_free(fathom_tokens* tokens);

/* ---- Tokenizer ------------------------------------------------------------------------------ */

typedef struct fathom_tokenizer fathom_tokenizer;
typedef struct fathom_decoder fathom_decoder;

/* path: a tokenizer.json, or a folder that holds one. *out is freed with fathom_tokenizer_free. */
FATHOM_API fathom_code fathom_tokenizer_open(const char* path, size_t path_size,
                                             fathom_tokenizer** out);
FATHOM_API void fathom_tokenizer_free(fathom_tokenizer* tokenizer);

/* Text to ids. allow_special 0: no text becomes a special token, as for text that a user typed;
 * 1: "<think>" and the like do, as in a prompt from fathom_encode_messages. *out is freed with
 * fathom_tokens_free. */
FATHOM_API fathom_code fathom_tokenizer_encode(const fathom_tokenizer* tokenizer, const char* text,
                                               size_t text_size, int allow_special,
                                               fathom_tokens* out);

/* Ids to text, invalid UTF-8 as U+FFFD. FATHOM_INVALID_ARGUMENT for an id without a token. *out is
 * freed with fathom_string_free. */
FATHOM_API fathom_code fathom_tokenizer_decode(const fathom_tokenizer* tokenizer,
                                               const int32_t* ids, size_t count,
                                               fathom_string* out);

/* The id of the token with exactly these bytes, or FATHOM_NOT_FOUND and -1. */
FATHOM_API fathom_code fathom_tokenizer_token_id(const fathom_tokenizer* tokenizer,
                                                 const char* bytes, size_t size, int32_t* out);

/* One more than the largest id; 0 for null. */
FATHOM_API int32_t fathom_tokenizer_id_limit(const fathom_tokenizer* tokenizer);

/* Text from ids that arrive one by one. *out is freed with fathom_decoder_free. */
FATHOM_API fathom_code fathom_decoder_new(const fathom_tokenizer* tokenizer, fathom_decoder** out);
FATHOM_API void fathom_decoder_free(fathom_decoder* decoder);

/* The text that `id` completes, empty inside a character. FATHOM_INVALID_ARGUMENT for an id without
 * a token, which changes nothing. *out is freed with fathom_string_free. */
FATHOM_API fathom_code fathom_decoder_push(fathom_decoder* decoder, int32_t id, fathom_string* out);

/* The end of the text: what was held back, as U+FFFD. The decoder is as new. *out is freed with
 * fathom_string_free. */
FATHOM_API fathom_code fathom_decoder_flush(fathom_decoder* decoder, fathom_string* out);

/* ---- Chat format ---------------------------------------------------------------------------- */

/* A conversation to the prompt, as the official encode_messages does it: the same bytes, or the
 * exception that it raises (fathom_last_error_type). `arguments` is a JSON object with its
 * arguments: messages, thinking_mode ("chat" or "thinking"), and where they are not the default
 * context, drop_thinking, add_default_bos_token. *out is freed with fathom_string_free. */
FATHOM_API fathom_code fathom_encode_messages(const char* arguments, size_t size,
                                              fathom_string* out);

/* A finished completion to the message it holds, as strictly as the official
 * parse_message_from_completion_text. `arguments` is a JSON object with text and thinking_mode; out
 * comes a JSON object with role, content, reasoning_content and tool_calls. *out is freed with
 * fathom_string_free. */
FATHOM_API fathom_code fathom_parse_message(const char* arguments, size_t size, fathom_string* out);

/* ---- Model ---------------------------------------------------------------------------------- */

typedef struct fathom_model fathom_model;
typedef struct fathom_generation fathom_generation;

typedef struct fathom_model_options {
  size_t struct_size;
  const char* numerics;   /* "fast" (default), "reference" or "official"; zero-terminated */
  const char* cache_type; /* "f32", "bf16" or "fp8"; default f32 with reference, fp8 with
                             official, bf16 with fast */
  int64_t context;        /* tokens of the longest sequence; default 32768 or the model's limit */
  int32_t threads;        /* default: every core this process may use */
  int32_t parallel;       /* generations that share steps; the cache holds a context for each;
                             default 1, at most 256. More than that wait for their turn. */
  int32_t weights_from_disk; /* 1: accept weights larger than memory */
  int32_t no_weight_check;   /* 1: start without reading every weight once */

  /* Told how many of total bytes of weights are read, on the calling thread; not 0 gives up with
   * FATHOM_CANCELLED. May be null. */
  int (*progress)(int64_t done, int64_t total, void* user);
  void* user;
} fathom_model_options;

/* Opens a folder with config.json, tokenizer.json and safetensors. `options` may be null. *out is
 * freed with fathom_model_free. */
FATHOM_API fathom_code fathom_model_open(const char* folder, size_t folder_size,
                                         const fathom_model_options* options, fathom_model** out);
FATHOM_API void fathom_model_free(fathom_model* model);

/* The model's tokenizer as a handle of its own, freed with fathom_tokenizer_free. */
FATHOM_API fathom_code fathom_model_tokenizer(const fathom_model* model, fathom_tokenizer** out);

/* The most tokens that prompt and answer may have together; 0 for null. */
FATHOM_API int64_t fathom_model_context(const fathom_model* model);

/* What attention has read since the model was opened, all generations together. */
typedef struct fathom_work {
  size_t struct_size;
  int64_t queries;         /* tokens times layers that attended */
  int64_t keys_read;       /* cache rows that they read */
  int64_t keys_held;       /* cache rows that they would have read without selection */
  int64_t index_keys_read; /* keys that the indexer scored */
} fathom_work;

FATHOM_API fathom_code fathom_model_work(const fathom_model* model, fathom_work* out);

/* ---- Generation ----------------------------------------------------------------------------- */

typedef enum fathom_event_kind {
  FATHOM_EVENT_REASONING = 1,      /* text: a piece of the reasoning */
  FATHOM_EVENT_CONTENT = 2,        /* text: a piece of the answer */
  FATHOM_EVENT_TOOL_CALL = 3,      /* call `call` begins; text: the function's name */
  FATHOM_EVENT_TOOL_ARGUMENTS = 4, /* text: a piece of its arguments; joined they are JSON */
  FATHOM_EVENT_TOOL_CALL_END = 5,  /* its arguments are complete */
  FATHOM_EVENT_TOKEN = 6,          /* token: what was drawn; before the pieces it brings */
  FATHOM_EVENT_PROGRESS = 7,       /* a step has ended that brought nothing else */
  FATHOM_EVENT_END = 8             /* the last one; text: why ("stop", "tool_calls", "length",
                                      "limit", "cancelled") */
} fathom_event_kind;

typedef struct fathom_event {
  size_t struct_size;
  int32_t kind;        /* a fathom_event_kind */
  int32_t call;        /* 0, 1, ... in events of calls, else -1 */
  int32_t token;       /* in FATHOM_EVENT_TOKEN, else -1 */
  const char* text;    /* never null, whole characters, a zero behind them; valid until the next */
  size_t text_size;    /* call with this generation */
  int64_t prompt_done; /* tokens of the prompt that are read, in FATHOM_EVENT_PROGRESS */
  int64_t prompt_total;
} fathom_event;

/* Queues a generation. `request` is a JSON object:
 *   messages          a conversation as OpenAI's API has it, or
 *   prompt            token ids: a prompt as it is
 *   tools, tool_choice, parallel_tool_calls, response_format, thinking (false)   beside messages
 *   thinking_budget, loop_guard
 *   temperature, top_p, top_k                     default: the model's own
 *   max_tokens, min_tokens, stop, stop_token_ids, ignore_eos, seed, min_p, repetition_penalty,
 *   presence_penalty, frequency_penalty, logit_bias, logprobs, top_logprobs
 * Other members are refused. What the server guarantees is guaranteed: strict tools, a tool_choice
 * that wants a call, response_format with json_object or a strict json_schema. Schemas are compiled
 * here, milliseconds for most; one that takes 2 s of processor time or says what can't be kept to
 * is an error. Nothing else runs before fathom_generation_next. *out is freed with
 * fathom_generation_free. */
FATHOM_API fathom_code fathom_generation_start(fathom_model* model, const char* request,
                                               size_t size, fathom_generation** out);

/* Cancels what still runs and gives the handle back. */
FATHOM_API void fathom_generation_free(fathom_generation* generation);

/* The next event. Returns after one step of the engine at the latest; other threads' generations
 * advance in it as well. event->struct_size is set by the caller. After FATHOM_EVENT_END it keeps
 * returning that event. A failure ends the generation. */
FATHOM_API fathom_code fathom_generation_next(fathom_generation* generation, fathom_event* event);

/* Runs to the end, handing every event to `on_event` on the calling thread; not 0 cancels. May be
 * null. The event is the library's and gone when the callback returns. FATHOM_OK also for a
 * generation that was cancelled: its last event says so. The callback must not throw. */
FATHOM_API fathom_code fathom_generation_run(fathom_generation* generation,
                                             int (*on_event)(const fathom_event* event, void* user),
                                             void* user);

/* Asks for the end; it comes as FATHOM_EVENT_END, "cancelled", within a step. Any thread. */
FATHOM_API void fathom_generation_cancel(fathom_generation* generation);

/* The answer, once the end has been seen: {"message": {"role": "assistant", "content": ...,
 * "reasoning_content": ..., "tool_calls": [...]}, "finish_reason": ..., "usage": {...}}, with
 * "logprobs" where they were asked for, "repaired" where the model's markup had to be mended and
 * "thinking_ended" ("budget" or "loop") where its reasoning was ended for it.
 * *out is freed with fathom_string_free. */
FATHOM_API fathom_code fathom_generation_answer(const fathom_generation* generation,
                                                fathom_string* out);

typedef struct fathom_figures {
  size_t struct_size;
  int64_t prompt_tokens;
  int64_t cached_tokens; /* of the prompt, found in the cache */
  int64_t completion_tokens;
  double prompt_seconds;     /* from the start to the first token */
  double completion_seconds; /* from the first token to the last */
  uint64_t seed;             /* the one that was used */
} fathom_figures;

/* Figures, once the end has been seen. */
FATHOM_API fathom_code fathom_generation_figures(const fathom_generation* generation,
                                                 fathom_figures* out);

#ifdef __cplusplus
}
#endif

#endif /* FATHOM_H_ */
