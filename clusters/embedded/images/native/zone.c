/* The names that coredns serves: a text file, read whole, into one block of memory that goes as a whole. */
#include "standin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ZONES = 16, BLOCK = 65536 };

struct block {
  struct block *next;
  size_t used, size;
  char data[];
};
struct zone {
  struct block *blocks;
  struct name **buckets;
  size_t bucket_count, name_count;
  const char *zones[MAX_ZONES];
  int zone_count;
  uint32_t ttl;
};

static struct zone current;
static uint32_t serial;

static void *take(struct zone *zone, size_t size) {
  size = (size + 7) & ~(size_t)7;
  if (!zone->blocks || zone->blocks->used + size > zone->blocks->size) {
    size_t room = size > BLOCK ? size : BLOCK;
    struct block *block = must(calloc(1, sizeof *block + room));
    block->size = room;
    block->next = zone->blocks;
    zone->blocks = block;
  }
  void *place = zone->blocks->data + zone->blocks->used;
  zone->blocks->used += size;
  return place;
}

static const char *keep(struct zone *zone, const char *text) {
  size_t length = strlen(text);
  if (length > 0 && text[length - 1] == '.') length--;
  char *copy = take(zone, length + 1);
  for (size_t i = 0; i < length; i++) copy[i] = (char)tolower((unsigned char)text[i]);
  return copy;
}

static void drop(struct zone *zone) {
  for (struct block *block = zone->blocks, *next; block; block = next) {
    next = block->next;
    free(block);
  }
  free(zone->buckets);
  *zone = (struct zone){0};
}

static size_t hash(const char *text) {
  uint64_t value = 14695981039346656037u;
  for (; *text; text++) value = (value ^ (unsigned char)*text) * 1099511628211u;
  return (size_t)(value ^ value >> 29);
}

static struct name *find(const struct zone *zone, const char *text) {
  if (zone->bucket_count == 0) return NULL;
  struct name *name = zone->buckets[hash(text) % zone->bucket_count];
  while (name && strcmp(name->text, text) != 0) name = name->next;
  return name;
}

static struct name *add_name(struct zone *zone, const char *text, bool outside) {
  struct name *name = find(zone, text);
  if (name) return name;
  name = take(zone, sizeof *name);
  *name = (struct name){.text = text, .outside = outside};
  struct name **bucket = &zone->buckets[hash(text) % zone->bucket_count];
  name->next = *bucket;
  *bucket = name;
  zone->name_count++;
  // The names above exist as well, if only as the way to this one.
  const char *dot = strchr(text, '.');
  if (dot && !outside) add_name(zone, dot + 1, false);
  return name;
}

static struct record *add_record(struct zone *zone, struct name *name, enum record_type type) {
  struct record *record = take(zone, sizeof *record), **tail = &name->records;
  *record = (struct record){.type = type};
  while (*tail) tail = &(*tail)->next;
  *tail = record;
  name->count++;
  return record;
}

static char *next_word(char **rest) {
  char *word;
  do word = strsep(rest, " \t\r");
  while (word && !*word);
  // The rest of the line is a comment.
  if (word && *word == '#') {
    *rest = NULL;
    return NULL;
  }
  return word;
}

static bool add_addresses(struct zone *zone, struct name *name, char *rest) {
  bool any = false;
  for (char *word; (word = next_word(&rest));) {
    unsigned char address[4];
    if (inet_pton(AF_INET, word, address) != 1) return false;
    memcpy(add_record(zone, name, RECORD_A)->address, address, 4);
    any = true;
  }
  return any;
}

static bool add_reverse(struct zone *zone, const char *address, const char *target) {
  unsigned char a[4];
  char reverse[64];
  if (!target || inet_pton(AF_INET, address, a) != 1) return false;
  snprintf(reverse, sizeof reverse, "%d.%d.%d.%d.in-addr.arpa", a[3], a[2], a[1], a[0]);
  add_record(zone, add_name(zone, keep(zone, reverse), false), RECORD_PTR)->target = keep(zone, target);
  return true;
}

static bool add_line(struct zone *zone, char *line) {
  char *rest = line, *kind = next_word(&rest), *subject = next_word(&rest);
  if (!kind) return true;
  if (!subject || strlen(subject) > 253) return false;
  if (strcmp(kind, "ttl") == 0) zone->ttl = (uint32_t)atol(subject);
  else if (strcmp(kind, "zone") == 0) {
    if (zone->zone_count == MAX_ZONES) return false;
    zone->zones[zone->zone_count] = keep(zone, subject);
    add_name(zone, zone->zones[zone->zone_count++], false);
  } else if (strcmp(kind, "name") == 0) add_name(zone, keep(zone, subject), false);
  else if (strcmp(kind, "a") == 0) return rest && add_addresses(zone, add_name(zone, keep(zone, subject), false), rest);
  else if (strcmp(kind, "host") == 0) return rest && add_addresses(zone, add_name(zone, keep(zone, subject), true), rest);
  else if (strcmp(kind, "ptr") == 0) return add_reverse(zone, subject, next_word(&rest));
  else if (strcmp(kind, "cname") == 0 || strcmp(kind, "txt") == 0) {
    char *target = *kind == 'c' ? next_word(&rest) : rest;
    if (!target) return false;
    add_record(zone, add_name(zone, keep(zone, subject), false), *kind == 'c' ? RECORD_CNAME : RECORD_TXT)->target =
        *kind == 'c' ? keep(zone, target) : strcpy(take(zone, strlen(target) + 1), target);
  } else if (strcmp(kind, "srv") == 0) {
    char *port = next_word(&rest), *target = next_word(&rest);
    if (!port || !target) return false;
    struct name *name = add_name(zone, keep(zone, subject), false);
    for (; target; target = next_word(&rest)) {
      struct record *record = add_record(zone, name, RECORD_SRV);
      record->target = keep(zone, target);
      record->port = (uint16_t)atoi(port);
    }
  } else return false;
  return true;
}

int zone_load(const char *path) {
  size_t lines = 1, number = 0;
  char *all = read_file(path, NULL, 64 << 20), *rest = all, *line;
  if (!all) return -1;
  for (char *c = all; *c; c++) lines += *c == '\n';
  struct zone fresh = {.ttl = 5, .bucket_count = lines * 2 + 64};
  fresh.buckets = must(calloc(fresh.bucket_count, sizeof *fresh.buckets));
  while ((line = strsep(&rest, "\n"))) {
    number++;
    if (!add_line(&fresh, line)) say(stderr, "[ERROR] plugin/file: %s:%zu is not understood", path, number);
  }
  free(all);
  drop(&current);
  current = fresh;
  serial = (uint32_t)time(NULL);
  return (int)current.name_count;
}

/* `10-244-1-5.prod.pod.cluster.local`: every address has such a name, in namespaces that exist. */
static const struct name *pod_name(const char *text) {
  static struct record record;
  static struct name name;
  char above[256];
  unsigned a[4];
  int used = 0;
  if (sscanf(text, "%3u-%3u-%3u-%3u%n", &a[0], &a[1], &a[2], &a[3], &used) != 4 || text[used] != '.') return NULL;
  const char *namespace = text + used + 1, *pod = strstr(namespace, ".pod.");
  if (!pod || a[0] > 255 || a[1] > 255 || a[2] > 255 || a[3] > 255 || !zone_of(text)) return NULL;
  snprintf(above, sizeof above, "%.*s.svc.%s", (int)(pod - namespace), namespace, pod + 5);
  if (!find(&current, above)) return NULL;
  record = (struct record){.type = RECORD_A};
  for (int i = 0; i < 4; i++) record.address[i] = (unsigned char)a[i];
  name = (struct name){.text = text, .records = &record, .count = 1};
  return &name;
}

const struct name *zone_find(const char *text) {
  const struct name *name = find(&current, text);
  return name ? name : pod_name(text);
}

const char *zone_of(const char *text) {
  size_t length = strlen(text);
  for (int i = 0; i < current.zone_count; i++) {
    size_t zone = strlen(current.zones[i]);
    bool ends = length >= zone && strcmp(text + length - zone, current.zones[i]) == 0;
    if (ends && (length == zone || text[length - zone - 1] == '.')) return current.zones[i];
  }
  return NULL;
}

uint32_t zone_ttl(void) { return current.ttl; }
uint32_t zone_serial(void) { return serial; }
