/* The C API from the outside: built against an installed tree with pkg-config and with
 * find_package, as C99.   usage: example MODEL */
#include <fathom.h>
#include <stdio.h>
#include <string.h>

static int fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, fathom_last_error());
  return 1;
}

static int print_event(const fathom_event* event, void* user) {
  int* tokens = user;
  if (event->kind == FATHOM_EVENT_TOKEN) ++*tokens;
  if (event->kind == FATHOM_EVENT_CONTENT) fwrite(event->text, 1, event->text_size, stdout);
  if (event->kind == FATHOM_EVENT_END) printf("\n[%s]\n", event->text);
  return 0;
}

static int print_prompt(const char* folder) {
  static const char arguments[] =
      "{\"thinking_mode\": \"thinking\", \"messages\": ["
      "{\"role\": \"user\", \"content\": \"hello\"},"
      "{\"role\": \"assistant\", \"content\": \"Hello! I am DeepSeek.\"},"
      "{\"role\": \"user\", \"content\": \"1+1=?\"}]}";
  fathom_string prompt;
  fathom_tokenizer* tokenizer;
  fathom_tokens tokens;
  if (fathom_encode_messages(arguments, FATHOM_NUL_TERMINATED, &prompt)) return fail("encode");
  printf("%s\n", prompt.data);
  if (fathom_tokenizer_open(folder, FATHOM_NUL_TERMINATED, &tokenizer)) return fail("tokenizer");
  if (fathom_tokenizer_encode(tokenizer, prompt.data, prompt.size, 1, &tokens)) {
    return fail("tokens");
  }
  printf("%zu tokens, the first is %ld\n", tokens.size, (long)tokens.data[0]);
  fathom_tokens_free(&tokens);
  fathom_tokenizer_free(tokenizer);
  fathom_string_free(&prompt);
  return 0;
}

static int answer(const char* folder) {
  static const char request[] =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}],"
      " \"temperature\": 0, \"max_tokens\": 60}";
  fathom_model_options options = FATHOM_INIT(fathom_model_options);
  fathom_figures figures = FATHOM_INIT(fathom_figures);
  fathom_work work = FATHOM_INIT(fathom_work);
  fathom_model* model;
  fathom_generation* generation;
  int tokens = 0;
  options.context = 1024;
  options.threads = 2;
  if (fathom_model_open(folder, strlen(folder), &options, &model)) return fail("model");
  if (fathom_generation_start(model, request, strlen(request), &generation)) return fail("start");
  if (fathom_generation_run(generation, print_event, &tokens)) return fail("run");
  if (fathom_generation_figures(generation, &figures)) return fail("figures");
  if (fathom_model_work(model, &work)) return fail("work");
  printf("%d tokens for a prompt of %ld, every key read: %s\n", tokens, (long)figures.prompt_tokens,
         work.keys_read == work.keys_held ? "yes" : "no");
  fathom_generation_free(generation);
  fathom_model_free(model);
  return tokens == figures.completion_tokens ? 0 : 1;
}

static int misuse(void) {
  fathom_model* model;
  fathom_string text;
  if (fathom_model_open("/no-such-folder", FATHOM_NUL_TERMINATED, NULL, &model) !=
          FATHOM_NOT_FOUND ||
      model != NULL || fathom_encode_messages("{", 1, &text) != FATHOM_INVALID_ARGUMENT ||
      strcmp(fathom_last_error_type(), "JSONDecodeError") != 0) {
    return fail("misuse");
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: example MODEL\n");
    return 1;
  }
  printf("fathom %s\n", fathom_version());
  return print_prompt(argv[1]) || answer(argv[1]) || misuse();
}
