/* Growing text, times, options, small files. */
#include "standin.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *must(void *allocated) {
  if (!allocated) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  return allocated;
}

void text_add(struct text *text, const char *data, size_t length) {
  if (text->length + length + 1 > text->size) {
    text->size = (text->length + length + 1) * 2;
    text->data = must(realloc(text->data, text->size));
  }
  memcpy(text->data + text->length, data, length);
  text->length += length;
  text->data[text->length] = 0;
}

void text_print(struct text *text, const char *format, ...) {
  va_list arguments;
  char *line;
  va_start(arguments, format);
  int length = vasprintf(&line, format, arguments);
  va_end(arguments);
  if (length < 0) must(NULL);
  text_add(text, line, (size_t)length);
  free(line);
}

void text_json(struct text *text, const char *data, size_t length) {
  text_add(text, "\"", 1);
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)data[i];
    if (c == '"' || c == '\\') text_print(text, "\\%c", c);
    else if (c == '\n') text_add(text, "\\n", 2);
    else if (c == '\t') text_add(text, "\\t", 2);
    else if (c < 0x20) text_print(text, "\\u%04x", c);
    else text_add(text, (const char *)&c, 1);
  }
  text_add(text, "\"", 1);
}

void text_free(struct text *text) {
  free(text->data);
  *text = (struct text){0};
}

const char *time_text(const char *format) {
  static char out[128];
  struct timespec now;
  struct tm parts;
  char plain[96];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &parts);
  size_t length = strlen(format);
  int digits = 0;
  if (length > 2 && format[length - 2] == '%' && strchr("369", format[length - 1])) {
    digits = format[length - 1] - '0';
    length -= 2;
  }
  snprintf(plain, sizeof plain, "%.*s", (int)length, format);
  size_t used = strftime(out, sizeof out, plain, &parts);
  if (digits > 0) {
    char fraction[16];
    snprintf(fraction, sizeof fraction, "%09ld", now.tv_nsec);
    snprintf(out + used, sizeof out - used, "%.*s", digits, fraction);
  }
  return out;
}

const char *host_name(void) {
  static char name[256];
  if (gethostname(name, sizeof name - 1) != 0) strcpy(name, "localhost");
  return name;
}

const char *option(int argc, char **argv, const char *name) {
  size_t length = strlen(name);
  for (int i = 1; i < argc; i++) {
    const char *given = argv[i];
    if (*given != '-') continue;
    given += given[1] == '-' ? 2 : 1;
    if (strncmp(given, name, length) != 0) continue;
    if (given[length] == '=') return given + length + 1;
    if (given[length] != 0) continue;
    bool value = i + 1 < argc && (argv[i + 1][0] != '-' || isdigit((unsigned char)argv[i + 1][1]));
    return value ? argv[i + 1] : "true";
  }
  return NULL;
}

int option_number(int argc, char **argv, const char *name, int otherwise) {
  const char *text = option(argc, argv, name);
  if (!text) return otherwise;
  char *end;
  long value = strtol(text, &end, 10);
  return *text && !*end ? (int)value : otherwise;
}

int64_t duration_ms(const char *text) {
  double total = 0;
  if (strcmp(text, "0") == 0) return 0;
  if (!*text) return -1;
  while (*text) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || value < 0) return -1;
    if (strncmp(end, "ms", 2) == 0) total += value, end += 2;
    else if (strncmp(end, "us", 2) == 0) total += value / 1000, end += 2;
    else if (strncmp(end, "ns", 2) == 0) total += value / 1e6, end += 2;
    else if (*end == 's') total += value * 1000, end++;
    else if (*end == 'm') total += value * 60000, end++;
    else if (*end == 'h') total += value * 3600000, end++;
    else return -1;
    text = end;
  }
  return (int64_t)total;
}

char *read_file(const char *path, size_t *length, size_t max) {
  FILE *file = fopen(path, "re");
  struct text text = {0};
  char part[4096];
  size_t got;
  if (!file) return NULL;
  text_add(&text, "", 0);
  while ((got = fread(part, 1, sizeof part, file)) > 0 && text.length <= max) text_add(&text, part, got);
  bool bad = ferror(file) || text.length > max;
  fclose(file);
  if (bad) {
    text_free(&text);
    return NULL;
  }
  if (length) *length = text.length;
  return text.data;
}

void say(FILE *stream, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stream, format, arguments);
  va_end(arguments);
  fputc('\n', stream);
  fflush(stream);
}

void go_log(const char *format, ...) {
  va_list arguments;
  fprintf(stderr, "%s ", time_text("%Y/%m/%d %H:%M:%S"));
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}

void quit_quietly(int signal) {
  (void)signal;
  exit(0);
}
