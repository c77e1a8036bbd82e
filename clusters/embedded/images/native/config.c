/* nginx's configuration grammar: words, `;`, `{ }`, quotes, comments, include. */
#include "standin.h"

#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8, MAX_WORDS = 12 };

struct source {
  const char *at, *file;
  int line;
  char *why;
  size_t why_size;
};

void config_free(struct directive *directive) {
  while (directive) {
    struct directive *next = directive->next;
    for (int i = 0; i < directive->word_count; i++) free(directive->words[i]);
    config_free(directive->block);
    free(directive);
    directive = next;
  }
}

static void skip_blank(struct source *source) {
  for (;; source->at++) {
    if (*source->at == '#') source->at += strcspn(source->at, "\n");
    if (*source->at == '\n') source->line++;
    else if (!isspace((unsigned char)*source->at)) return;
  }
}

static char *read_word(struct source *source) {
  struct text word = {0};
  char quote = *source->at == '"' || *source->at == '\'' ? *source->at++ : 0;
  text_add(&word, "", 0);
  while (*source->at) {
    char c = *source->at;
    if (quote ? c == quote : isspace((unsigned char)c) || c == ';' || c == '{' || c == '}') {
      // `${name}` keeps its braces.
      bool variable = !quote && c == '{' && word.length > 0 && word.data[word.length - 1] == '$';
      if (!variable && !(c == '}' && !quote && strstr(word.data, "${") && !strchr(strstr(word.data, "${"), '}'))) break;
    }
    if (c == '\n') source->line++;
    if (c == '\\' && source->at[1] && quote) {
      c = *++source->at;
      if (c == 'n') c = '\n';
      else if (c == 't') c = '\t';
      else if (c == 'r') c = '\r';
    }
    text_add(&word, &c, 1);
    source->at++;
  }
  if (quote && *source->at) source->at++;
  return word.data;
}

static struct directive *fail(struct source *source, struct directive *so_far, const char *problem) {
  if (!*source->why) snprintf(source->why, source->why_size, "%s in %s:%d", problem, source->file, source->line);
  config_free(so_far);
  return NULL;
}

static struct directive *read_block(struct source *source, int depth, bool *ok);

static struct directive *read_included(const char *pattern, int depth, struct source *source, bool *ok) {
  glob_t found;
  struct directive *first = NULL, **tail = &first;
  char full[512];
  snprintf(full, sizeof full, *pattern == '/' ? "%s" : "/etc/nginx/%s", pattern);
  if (glob(full, 0, NULL, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc && *ok; i++) {
      char *data = read_file(found.gl_pathv[i], NULL, 1 << 20);
      if (!data) continue;
      struct source inner = {data, must(strdup(found.gl_pathv[i])), 1, source->why, source->why_size};
      *tail = read_block(&inner, depth + 1, ok);
      while (*tail) tail = &(*tail)->next;
      free(data);
    }
    globfree(&found);
  }
  return first;
}

static struct directive *read_block(struct source *source, int depth, bool *ok) {
  struct directive *first = NULL, **tail = &first;
  *ok = depth < MAX_DEPTH;
  if (!*ok) return fail(source, NULL, "blocks are nested too deeply");
  for (;;) {
    skip_blank(source);
    if (!*source->at) return first;
    if (*source->at == '}') return first;
    struct directive *directive = must(calloc(1, sizeof *directive));
    *tail = directive;
    directive->file = source->file;
    directive->line = source->line;
    for (;;) {
      skip_blank(source);
      if (!*source->at || *source->at == '}') {
        *ok = false;
        return fail(source, first, "unexpected end of a directive, expecting \";\" or \"}\"");
      }
      if (*source->at == ';' || *source->at == '{') break;
      if (directive->word_count == MAX_WORDS) {
        *ok = false;
        return fail(source, first, "too many arguments for this stand-in");
      }
      directive->words[directive->word_count++] = read_word(source);
    }
    if (directive->word_count == 0) {
      *ok = false;
      return fail(source, first, "unexpected \";\" or \"{\"");
    }
    if (*source->at++ == '{') {
      directive->has_block = true;
      directive->block = read_block(source, depth + 1, ok);
      if (*ok && *source->at != '}') {
        *ok = false;
        return fail(source, first, "unexpected end of file, expecting \"}\"");
      }
      if (*ok) source->at++;
    } else if (strcmp(directive->words[0], "include") == 0 && directive->word_count == 2) {
      *tail = read_included(directive->words[1], depth, source, ok);
      config_free(directive);
      directive = NULL;
      while (*tail) tail = &(*tail)->next;
    }
    if (!*ok) {
      config_free(first);
      return NULL;
    }
    if (directive) tail = &directive->next;
  }
}

struct directive *config_read(const char *path, char *why, size_t why_size) {
  char *data = read_file(path, NULL, 1 << 20);
  *why = 0;
  if (!data) {
    snprintf(why, why_size, "open() \"%s\" failed", path);
    return NULL;
  }
  struct source source = {data, must(strdup(path)), 1, why, why_size};
  bool ok;
  struct directive *all = read_block(&source, 0, &ok);
  if (ok && *source.at == '}') {
    fail(&source, all, "unexpected \"}\"");
    all = NULL;
  }
  free(data);
  return all;
}
