/* A container's log in CRI format: `<time> stdout|stderr F|P <text>`, in at most two files. */
#include "agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONGEST_LINE 16384

bool log_open(LogFile *log, const char *path, long long bytes) {
  struct stat stat;
  log->path = must_copy(path);
  log->limit = bytes > 0 ? bytes / 2 : 1 << 20;
  log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (log->fd < 0) return false;
  log->fd = out_of_the_way(log->fd);
  log->size = fstat(log->fd, &stat) == 0 ? stat.st_size : 0;
  return true;
}

/* The two names change places at once, so that a reader always finds a file. */
static void rotate(LogFile *log) {
  size_t length = strlen(log->path);
  char *older = must_allocate(length + 3);
  memcpy(older, log->path, length);
  memcpy(older + length, ".1", 3);
  unlink(older);
  int fd = open(older, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
  if (fd >= 0 && renameat2(AT_FDCWD, log->path, AT_FDCWD, older, RENAME_EXCHANGE) < 0) {
    close(fd); /* a file system that cannot exchange */
    fd = rename(log->path, older) ? -1 : open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  }
  if (fd >= 0) {
    close(log->fd);
    log->fd = out_of_the_way(fd);
  }
  log->size = 0;
  free(older);
}

static Buffer text; /* what one call writes */

static size_t written_now;

static void write_out(LogFile *log) {
  written_now += text.length;
  if (log->fd >= 0 && text.length) {
    ssize_t written = write(log->fd, buffer_at(&text), text.length);
    if (written > 0) log->size += written; /* a full disk loses lines, not the container */
  }
  text.start = text.length = 0;
}

static void add_line(LogFile *log, const char *head, const char *rest[2], const size_t lengths[2]) {
  long long before = log->size + (long long)text.length;
  if (before > 0 && before + (long long)(strlen(head) + lengths[0] + lengths[1] + 1) > log->limit) {
    write_out(log);
    rotate(log);
  }
  buffer_add(&text, head, strlen(head));
  buffer_add(&text, rest[0], lengths[0]);
  buffer_add(&text, rest[1], lengths[1]);
  buffer_add(&text, "\n", 1);
}

static void heads(char full[64], char part[64], int stream) {
  char time[40];
  rfc3339(time);
  snprintf(full, 64, "%s %s F ", time, stream ? "stderr" : "stdout");
  snprintf(part, 64, "%s %s P ", time, stream ? "stderr" : "stdout");
}

size_t log_write(LogFile *log, int stream, const char *bytes, size_t length) {
  written_now = 0;
  Buffer *partial = &log->partial[stream];
  char full[64], part[64];
  heads(full, part, stream);
  while (length) {
    const char *newline = memchr(bytes, '\n', length);
    size_t line = newline ? (size_t)(newline - bytes) : length;
    size_t room = LONGEST_LINE - partial->length;
    if (!newline && line < room) {
      buffer_add(partial, bytes, line);
      break;
    }
    bool whole = newline && line <= room;
    size_t taken = whole ? line : room;
    add_line(log, whole ? full : part, (const char *[]){buffer_at(partial), bytes},
             (const size_t[]){partial->length, taken});
    buffer_take(partial, partial->length);
    bytes += taken + whole;
    length -= taken + whole;
  }
  write_out(log);
  if (text.capacity > SCRATCH_SIZE * 4) buffer_free(&text);
  return written_now;
}

/* The stream has ended: an unfinished last line counts as one. */
void log_end(LogFile *log, int stream) {
  Buffer *partial = &log->partial[stream];
  if (partial->length) {
    char full[64], part[64];
    heads(full, part, stream);
    add_line(log, full, (const char *[]){buffer_at(partial), ""}, (const size_t[]){partial->length, 0});
    write_out(log);
  }
  buffer_free(partial);
}

void log_close(LogFile *log) {
  for (int stream = 0; stream < 2; stream++) buffer_free(&log->partial[stream]);
  if (log->fd >= 0) close(log->fd);
  free(log->path);
  log->fd = -1;
  log->path = NULL;
}
