/* The epoll loop: descriptors, timers in order of time, growing buffers. */
#include "agent.h"

#include <fcntl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

char scratch[SCRATCH_SIZE + 16];

static int epoll_fd = -1;
static Timer *first_timer, *last_timer;
static void **graveyard;
static size_t graves, graves_capacity;

void *must_allocate(size_t size) {
  void *memory = calloc(1, size ? size : 1);
  if (!memory) abort();
  return memory;
}

char *must_copy(const char *text) {
  char *copy = strdup(text);
  if (!copy) abort();
  return copy;
}

uint64_t now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

void rfc3339(char out[40]) {
  struct timespec time;
  struct tm parts;
  clock_gettime(CLOCK_REALTIME, &time);
  gmtime_r(&time.tv_sec, &parts);
  size_t length = strftime(out, 40, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(out + length, 40 - length, ".%09ldZ", time.tv_nsec);
}

int out_of_the_way(int fd) {
  int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 1024);
  if (moved < 0) return fd;
  close(fd);
  return moved;
}

void loop_open(void) {
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) abort();
}

void source_watch(Source *source, uint32_t events) {
  if (source->fd < 0 || (source->known && source->events == events)) return;
  struct epoll_event event = {.events = events, .data.ptr = source};
  if (epoll_ctl(epoll_fd, source->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, source->fd, &event) == 0) {
    source->known = true;
    source->events = events;
  }
}

void source_forget(Source *source) {
  if (source->known && source->fd >= 0) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
  source->known = false;
}

void source_close(Source *source) {
  if (source->fd < 0) return;
  source_forget(source);
  close(source->fd);
  source->fd = -1;
}

/* Memory with a source in it may still be named by an event of this turn. */
void defer_free(void *memory) {
  if (!memory) return;
  if (graves == graves_capacity) {
    graves_capacity = graves_capacity ? graves_capacity * 2 : 32;
    graveyard = realloc(graveyard, graves_capacity * sizeof *graveyard);
    if (!graveyard) abort();
  }
  graveyard[graves++] = memory;
}

void timer_cancel(Timer *timer) {
  if (!timer->armed) return;
  if (timer->previous) timer->previous->next = timer->next;
  else first_timer = timer->next;
  if (timer->next) timer->next->previous = timer->previous;
  else last_timer = timer->previous;
  timer->armed = false;
}

/* Most timers are set for later than all others, so the place is looked for from the end. */
void timer_set(Timer *timer, uint64_t after_us) {
  timer_cancel(timer);
  timer->at = now_us() + after_us;
  Timer *before = last_timer;
  while (before && before->at > timer->at) before = before->previous;
  timer->previous = before;
  timer->next = before ? before->next : first_timer;
  if (timer->next) timer->next->previous = timer;
  else last_timer = timer;
  if (before) before->next = timer;
  else first_timer = timer;
  timer->armed = true;
}

static int wait_time(uint64_t now) {
  if (!first_timer) return -1;
  if (first_timer->at <= now) return 0;
  uint64_t wait = (first_timer->at - now + 999) / 1000;
  return wait > 3600000 ? 3600000 : (int)wait;
}

void loop_run(void) {
  struct epoll_event events[64];
  for (;;) {
    uint64_t before = first_timer ? now_us() : 0;
    int count = epoll_wait(epoll_fd, events, 64, wait_time(before));
    for (int i = 0; i < count; i++) {
      Source *source = events[i].data.ptr;
      if (source->fd >= 0 && source->known) source->ready(source, events[i].events);
    }
    /* Time is up only after a look at everything that had arrived by then: a busy moment of ours must not
       pass for silence of theirs. The second condition keeps a flood from stopping the clock. */
    while (first_timer && first_timer->at <= before && (count < 64 || first_timer->at + 100000 < before)) {
      Timer *timer = first_timer;
      timer_cancel(timer);
      timer->fire(timer);
    }
    while (graves) free(graveyard[--graves]);
  }
}

void buffer_add(Buffer *buffer, const void *bytes, size_t length) {
  if (length == 0) return;
  if (buffer->start && buffer->start + buffer->length + length > buffer->capacity) {
    memmove(buffer->data, buffer->data + buffer->start, buffer->length);
    buffer->start = 0;
  }
  if (buffer->length + length > buffer->capacity) {
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity < buffer->length + length) capacity *= 2;
    char *data = realloc(buffer->data, capacity);
    if (!data) abort();
    buffer->data = data;
    buffer->capacity = capacity;
  }
  memcpy(buffer->data + buffer->start + buffer->length, bytes, length);
  buffer->length += length;
}

void buffer_take(Buffer *buffer, size_t length) {
  buffer->start += length;
  buffer->length -= length;
  if (buffer->length) return;
  buffer->start = 0;
  if (buffer->capacity > 4096) buffer_free(buffer);
}

void buffer_free(Buffer *buffer) {
  free(buffer->data);
  *buffer = (Buffer){0};
}

bool buffer_flush(Buffer *buffer, int fd) {
  while (buffer->length) {
    ssize_t sent = send(fd, buffer_at(buffer), buffer->length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == ENOTSOCK) sent = write(fd, buffer_at(buffer), buffer->length);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
    buffer_take(buffer, (size_t)sent);
  }
  return true;
}
