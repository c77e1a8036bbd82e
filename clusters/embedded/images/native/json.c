/* Reads JSON in place, one step at a time; what is not asked for is skipped. */
#include "standin.h"

#include <ctype.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

static void blanks(const char **at) {
  while (isspace((unsigned char)**at)) (*at)++;
}

bool json_open(const char **at, char bracket) {
  blanks(at);
  if (**at != bracket) return false;
  (*at)++;
  return true;
}

static void add_unicode(struct text *text, unsigned code) {
  char bytes[3];
  size_t length = 0;
  if (code < 0x80) bytes[length++] = (char)code;
  else if (code < 0x800) bytes[length++] = (char)(0xc0 | code >> 6), bytes[length++] = (char)(0x80 | (code & 63));
  else {
    bytes[length++] = (char)(0xe0 | code >> 12);
    bytes[length++] = (char)(0x80 | (code >> 6 & 63));
    bytes[length++] = (char)(0x80 | (code & 63));
  }
  text_add(text, bytes, length);
}

bool json_string(const char **at, struct text *text) {
  static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  unsigned code;
  if (!json_open(at, '"')) return false;
  for (text_add(text, "", 0); **at != '"'; (*at)++) {
    if (!**at) return false;
    if (**at != '\\') {
      text_add(text, *at, 1);
      continue;
    }
    const char *known = *++*at ? strchr(plain, **at) : NULL;
    if (known) text_add(text, &meant[known - plain], 1);
    else if (**at == 'u' && sscanf(*at + 1, "%4x", &code) == 1 && strspn(*at + 1, "0123456789abcdefABCDEF") >= 4) {
      add_unicode(text, code);
      *at += 4;
    } else return false;
  }
  (*at)++;
  return true;
}

bool json_scalar(const char **at, struct text *text) {
  blanks(at);
  if (**at == '"') return json_string(at, text);
  size_t length = strcspn(*at, ",]}[{ \t\r\n");
  text_add(text, *at, length);
  *at += length;
  return length > 0;
}

bool json_next(const char **at, char close) {
  blanks(at);
  if (**at == ',') {
    (*at)++;
    return true;
  }
  if (**at == close) {
    (*at)++;
    return false;
  }
  // The first item follows its bracket directly.
  return **at != 0;
}

bool json_member(const char **at, char *name, size_t size) {
  struct text text = {0};
  if (!json_next(at, '}')) return false;
  bool found = json_string(at, &text);
  snprintf(name, size, "%s", text.data ? text.data : "");
  text_free(&text);
  return found && json_open(at, ':');
}

static bool skip(const char **at, int depth) {
  struct text text = {0};
  char name[8];
  blanks(at);
  if (depth > MAX_DEPTH) return false;
  if (json_open(at, '{')) {
    while (json_member(at, name, sizeof name))
      if (!skip(at, depth + 1)) return false;
    return true;
  }
  if (json_open(at, '[')) {
    while (json_next(at, ']'))
      if (!skip(at, depth + 1)) return false;
    return true;
  }
  bool found = json_scalar(at, &text);
  text_free(&text);
  return found;
}

bool json_skip(const char **at) { return skip(at, 0); }
