/*
 * The limit: the work of Pagetape's reducers, done by C on plain arrays. It decides nothing that it need not, keeps no events
 * and checks nothing, so it says how fast this machine could go. `pagetape bench` builds it and compares itself with it.
 *
 *   limit scan|putback|swap|migrate|fork PAGES STRIDE ROUNDS     one process with so many pages on node 0 of two
 *   limit replay FILE ROUNDS                                     the rows of a run, written by the bench
 *
 * It prints, for each round, how much was done and the nanoseconds of the processor that it took. Layouts are those of core/src/state/layout.ts.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FLAGS, COUNT, MAPCOUNT, MAPPING, INDEX, PRIVATE, NEXT, PREV, FRAME };
enum { LOCKED = 1, REFERENCED = 4, UPTODATE = 8, DIRTY = 16, ACTIVE = 64, LIST_SHIFT = 7, LIST = 7 << 7 };
enum { WRITEBACK = 1 << 12, SWAPCACHE = 1 << 15, RECLAIM = 1 << 17 };
enum { PLACE = 7 << 24, HELD = 1 << 24, BATCH = 2 << 24, LRU = 3 << 24, ISOLATED = 4 << 24 };
enum { PRESENT = 1, WRITE = 2, YOUNG = 4, PTE_DIRTY = 8, SWAP = 2, MOVING = 4, PTE_SHIFT = 4 };
enum { INACTIVE, ACTIVE_LIST };
enum { ZONES = 64, VEC = 16, BATCH_ROOM = 32, CLUSTER = 8 };
enum { PGFAULT, PGALLOC, PGFREE, PSWPIN, PSWPOUT, MAPPED, NR_WRITEBACK, NR_SWAPCACHE, CACHE_ADD, CACHE_DEL, FIND, FOUND, RSS };

typedef struct {
  int32_t start, free, fresh, free_head, head[2], tail[2], nr[2];
} zone;

static int32_t *frames, *ptes, *swap_map, *swap_cache, *sections;
static int32_t vmstat[32], batches[2][BATCH_ROOM], ring[64], io_first, io_pending, min_flt, sem, inuse, lowest, highest;
static zone zones[ZONES];
static int shift;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *zeros(size_t n) {
  void *p = calloc(n, sizeof(int32_t));
  if (!p) { fprintf(stderr, "no memory for %zu integers\n", n); exit(1); }
  return p;
}

static inline int32_t *at(int32_t pfn) { return frames + (size_t)pfn * FRAME; }
static inline zone *zone_of(int32_t pfn) { return zones + sections[pfn >> shift]; }
static inline void place(int32_t pfn, int32_t where) { at(pfn)[FLAGS] = (at(pfn)[FLAGS] & ~PLACE) | where; }

/* --- one function for each kind of event that changes something ------------------------------------------------------- */

static inline void allocate(int32_t pfn) {
  zone *z = zone_of(pfn);
  if (z->free_head == pfn + 1) {
    z->free_head = at(pfn)[NEXT];
    at(pfn)[NEXT] = 0;
  } else z->fresh++;
  z->free--;
  at(pfn)[FLAGS] = HELD;
  at(pfn)[COUNT] = 1;
  vmstat[PGALLOC]++;
}

static inline void unlink_lru(int32_t pfn) {
  zone *z = zone_of(pfn);
  int32_t *f = at(pfn), list = (f[FLAGS] & LIST) >> LIST_SHIFT;
  if (f[PREV]) at(f[PREV] - 1)[NEXT] = f[NEXT]; else z->head[list] = f[NEXT];
  if (f[NEXT]) at(f[NEXT] - 1)[PREV] = f[PREV]; else z->tail[list] = f[PREV];
  f[NEXT] = f[PREV] = 0;
  z->nr[list]--;
}

static inline void free_frame(int32_t pfn) {
  zone *z = zone_of(pfn);
  if ((at(pfn)[FLAGS] & PLACE) == LRU) unlink_lru(pfn);
  memset(at(pfn), 0, FRAME * sizeof(int32_t));
  at(pfn)[NEXT] = z->free_head;
  z->free_head = pfn + 1;
  z->free++;
  vmstat[PGFREE]++;
}

static inline void add_to_lru(int32_t pfn, int32_t list) {
  zone *z = zone_of(pfn);
  int32_t *f = at(pfn);
  f[FLAGS] = (f[FLAGS] & ~(PLACE | LIST)) | LRU | list << LIST_SHIFT | (list == ACTIVE_LIST ? ACTIVE : 0);
  f[NEXT] = z->head[list];
  f[PREV] = 0;
  if (z->head[list]) at(z->head[list] - 1)[PREV] = pfn + 1; else z->tail[list] = pfn + 1;
  z->head[list] = pfn + 1;
  z->nr[list]++;
}

static inline void add_to_batch(int32_t pfn, int32_t list) {
  batches[list][++batches[list][0]] = pfn;
  at(pfn)[COUNT]++;
  place(pfn, BATCH);
}

static inline void drained(int32_t list) {
  for (int i = 1; i <= batches[list][0]; i++) {
    at(batches[list][i])[COUNT]--;
    batches[list][i] = 0;
  }
  batches[list][0] = 0;
}

static inline void isolate(int32_t pfn) {
  unlink_lru(pfn);
  place(pfn, ISOLATED);
  at(pfn)[COUNT]++;
}

static inline void put_back(int32_t pfn) { at(pfn)[FLAGS] = (at(pfn)[FLAGS] & ~(PLACE | ACTIVE)) | HELD; }

static inline void add_rmap(int32_t pfn) { if (at(pfn)[MAPCOUNT]++ == 0) vmstat[MAPPED]++; }
static inline void remove_rmap(int32_t pfn) { if (--at(pfn)[MAPCOUNT] == 0) vmstat[MAPPED]--; }

static inline void map_anon(int32_t pfn, int32_t vpn, int32_t bits, int32_t anon_vma, int32_t index) {
  ptes[vpn] = pfn << PTE_SHIFT | PRESENT | bits;
  if (at(pfn)[MAPCOUNT] == 0) {
    at(pfn)[MAPPING] = -anon_vma;
    at(pfn)[INDEX] = index;
  }
  add_rmap(pfn);
  vmstat[RSS]++;
}

static inline void unmap(int32_t pfn, int32_t vpn, int32_t slot) {
  ptes[vpn] = slot ? slot << PTE_SHIFT | SWAP : 0;
  vmstat[RSS]--;
  remove_rmap(pfn);
  at(pfn)[COUNT]--;
}

static inline void take_slot(int32_t slot, int32_t low, int32_t high) {
  swap_map[slot] = 1;
  lowest = low;
  highest = high;
  inuse++;
}

static inline void drop_slot(int32_t slot) {
  if (--swap_map[slot] > 0) return;
  if (slot < lowest) lowest = slot;
  if (slot > highest) highest = slot;
  inuse--;
}

static inline void enter_cache(int32_t pfn, int32_t slot, int32_t bits) {
  at(pfn)[FLAGS] |= SWAPCACHE | bits;
  at(pfn)[PRIVATE] = slot;
  at(pfn)[COUNT]++;
  swap_cache[slot] = pfn + 1;
  vmstat[NR_SWAPCACHE]++;
  vmstat[CACHE_ADD]++;
}

static inline void leave_cache(int32_t pfn, int32_t slot) {
  at(pfn)[FLAGS] &= ~SWAPCACHE;
  at(pfn)[PRIVATE] = 0;
  at(pfn)[COUNT]--;
  swap_cache[slot] = 0;
  vmstat[NR_SWAPCACHE]--;
  vmstat[CACHE_DEL]++;
}

static inline void enqueue(int32_t request) { ring[(io_first + io_pending++) & 63] = request; }

static inline void dequeue(void) {
  ring[io_first] = 0;
  io_first = (io_first + 1) & 63;
  io_pending--;
}

static inline void start_write(int32_t pfn) {
  at(pfn)[FLAGS] |= WRITEBACK;
  vmstat[PSWPOUT]++;
  vmstat[NR_WRITEBACK]++;
  enqueue(pfn * 2 + 1);
}

static inline void finish_write(int32_t pfn) {
  dequeue();
  at(pfn)[FLAGS] &= ~(WRITEBACK | RECLAIM);
  vmstat[NR_WRITEBACK]--;
}

static inline void start_read(int32_t pfn, int32_t slot) {
  enter_cache(pfn, slot, LOCKED);
  vmstat[PSWPIN]++;
  enqueue(pfn * 2);
}

static inline void finish_read(int32_t pfn) {
  dequeue();
  at(pfn)[FLAGS] = (at(pfn)[FLAGS] & ~LOCKED) | UPTODATE;
}

/* --- what the kernel does with them ----------------------------------------------------------------------------------- */

static int32_t get_frame(zone *z) {
  int32_t pfn = z->free_head ? z->free_head - 1 : z->start + z->fresh;
  allocate(pfn);
  return pfn;
}

static void drain(int32_t list) {
  for (int i = 1; i <= batches[list][0]; i++) add_to_lru(batches[list][i], list);
  drained(list);
}

static inline void lru_cache_add(int32_t pfn, int32_t list) {
  add_to_batch(pfn, list);
  if (batches[list][0] == VEC) drain(list);
}

static void move_to_lru(int32_t pfn) {
  int32_t list = at(pfn)[FLAGS] & ACTIVE ? ACTIVE_LIST : INACTIVE;
  put_back(pfn);
  lru_cache_add(pfn, list);
  if (--at(pfn)[COUNT] == 0) free_frame(pfn);
}

static void fault(int32_t vpn) {
  sem++;
  vmstat[PGFAULT]++;
  if (ptes[vpn] == 0) {
    int32_t pfn = get_frame(zones);
    lru_cache_add(pfn, ACTIVE_LIST);
    map_anon(pfn, vpn, YOUNG | PTE_DIRTY | WRITE, 1, vpn);
  }
  min_flt++;
  sem--;
}

static int32_t scan_swap_map(void) {
  int32_t slot = lowest;
  while (swap_map[slot]) slot++;
  take_slot(slot, slot + 1, highest);
  return slot;
}

/* An access to a page in swap: its block of slots is read, and it is mapped from the swap cache. */
static void swap_fault(int32_t vpn) {
  int32_t slot = ptes[vpn] >> PTE_SHIFT, pfn;
  sem++;
  vmstat[PGFAULT]++;
  vmstat[FIND]++;
  if (swap_cache[slot] == 0) {
    int32_t first = slot / CLUSTER * CLUSTER;
    for (int32_t s = first ? first : 1; s < first + CLUSTER && swap_map[s]; s++) {
      if (swap_cache[s]) continue;
      pfn = get_frame(zones);
      swap_map[s]++;
      start_read(pfn, s);
      lru_cache_add(pfn, ACTIVE_LIST);
      finish_read(pfn);
      at(pfn)[COUNT]--;
    }
    drain(ACTIVE_LIST);
  } else vmstat[FOUND]++;
  pfn = swap_cache[slot] - 1;
  at(pfn)[COUNT]++;
  at(pfn)[FLAGS] |= REFERENCED | LOCKED;
  map_anon(pfn, vpn, YOUNG | WRITE | PTE_DIRTY, 1, vpn);
  drop_slot(slot);
  at(pfn)[FLAGS] &= ~LOCKED;
  min_flt++;
  sem--;
}

static int32_t *list, length;

/* The pages of a walk that lie on a node, isolated. */
static void collect(int32_t pages, int32_t node) {
  length = 0;
  drain(INACTIVE);
  drain(ACTIVE_LIST);
  for (int32_t vpn = 0; vpn < pages; vpn++) {
    int32_t pte = ptes[vpn];
    if (!(pte & PRESENT) || sections[pte >> (PTE_SHIFT + shift)] != node) continue;
    isolate(pte >> PTE_SHIFT);
    list[length++] = pte >> PTE_SHIFT;
  }
}

/* Volatile, so that each walk is taken. */
static volatile int32_t wanted_node = 1;
static volatile int64_t kept;

static int64_t walk(int32_t pages) {
  const int32_t wanted = wanted_node;
  int64_t found = 0;
  for (int32_t vpn = 0; vpn < pages; vpn++) {
    int32_t pte = ptes[vpn];
    if ((pte & PRESENT) && sections[pte >> (PTE_SHIFT + shift)] == wanted) found++;
  }
  return found;
}

static void putback(int32_t pages) {
  collect(pages, 0);
  for (int32_t i = 0; i < length; i++) {
    at(list[i])[FLAGS] |= LOCKED;
    at(list[i])[FLAGS] &= ~LOCKED;
  }
  for (int32_t i = 0; i < length; i++) move_to_lru(list[i]);
}

/* Three passes, as the kernel of 2006 makes: a slot and a cleared mark; unmapped and written; out of the swap cache. */
static void swap(int32_t pages) {
  collect(pages, 0);
  for (int32_t i = 0; i < length; i++) {
    int32_t pfn = list[i];
    at(pfn)[FLAGS] |= LOCKED;
    if (!(at(pfn)[FLAGS] & SWAPCACHE)) enter_cache(pfn, scan_swap_map(), UPTODATE | DIRTY);
    ptes[at(pfn)[INDEX]] &= ~YOUNG;
    at(pfn)[FLAGS] &= ~LOCKED;
  }
  for (int32_t i = 0; i < length; i++) {
    int32_t pfn = list[i], slot = at(pfn)[PRIVATE];
    at(pfn)[FLAGS] |= LOCKED;
    swap_map[slot]++;
    unmap(pfn, at(pfn)[INDEX], slot);
    at(pfn)[FLAGS] = (at(pfn)[FLAGS] & ~DIRTY) | RECLAIM;
    start_write(pfn);
    at(pfn)[FLAGS] &= ~LOCKED;
    finish_write(pfn);
  }
  for (int32_t i = 0; i < length; i++) {
    int32_t pfn = list[i], slot = at(pfn)[PRIVATE];
    at(pfn)[FLAGS] |= LOCKED;
    leave_cache(pfn, slot);
    drop_slot(slot);
    at(pfn)[FLAGS] &= ~LOCKED;
  }
  /* Each dies in the batch that takes it. */
  for (int32_t i = 0; i < length; i++) move_to_lru(list[i]);
  drain(INACTIVE);
  drain(ACTIVE_LIST);
  for (int32_t i = 0; i < length; i++) free_frame(list[i]);
  for (int32_t vpn = 0; vpn < pages; vpn++) swap_fault(vpn);
}

/* To the other node: a target, an entry that says so, the contents, the mapping, and the old frame is free. */
static void migrate(int32_t pages, int32_t from) {
  collect(pages, from);
  for (int32_t i = 0; i < length; i++) {
    int32_t pfn = list[i], to = get_frame(zones + !from), vpn = at(pfn)[INDEX];
    int32_t bits = ptes[vpn] & (PRESENT | WRITE | YOUNG | PTE_DIRTY);
    at(pfn)[FLAGS] |= LOCKED | (bits & PTE_DIRTY ? DIRTY : 0);
    ptes[vpn] = pfn << PTE_SHIFT | MOVING;
    remove_rmap(pfn);
    at(pfn)[COUNT]--;
    at(to)[MAPPING] = at(pfn)[MAPPING];
    at(to)[INDEX] = vpn;
    at(to)[FLAGS] |= at(pfn)[FLAGS] & (UPTODATE | DIRTY | REFERENCED | ACTIVE);
    ptes[vpn] = to << PTE_SHIFT | bits;
    add_rmap(to);
    at(to)[COUNT]++;
    at(pfn)[FLAGS] &= ~LOCKED;
    place(to, ISOLATED);
    move_to_lru(to);
    place(pfn, HELD);
    if (--at(pfn)[COUNT] == 0) free_frame(pfn);
  }
}

/* A copy of the page tables, and its end. */
static void fork_exit(int32_t pages, int32_t *copy) {
  for (int32_t vpn = 0; vpn < pages; vpn++) {
    int32_t pfn = ptes[vpn] >> PTE_SHIFT;
    ptes[vpn] &= ~WRITE;
    copy[vpn] = ptes[vpn] & ~YOUNG;
    at(pfn)[COUNT]++;
    add_rmap(pfn);
    vmstat[RSS]++;
  }
  for (int32_t vpn = 0; vpn < pages; vpn++) {
    int32_t pfn = copy[vpn] >> PTE_SHIFT;
    copy[vpn] = 0;
    vmstat[RSS]--;
    remove_rmap(pfn);
    at(pfn)[COUNT]--;
  }
}

static void build(int32_t pages, int32_t stride) {
  int32_t per_node = 2 * pages + 1024, total = 2 * per_node;
  for (shift = 6; total >> shift > 4096;) shift++;
  per_node = ((per_node >> shift) + 1) << shift;
  frames = zeros((size_t)2 * per_node * FRAME);
  sections = zeros((2 * (size_t)per_node >> shift) + 1);
  for (int32_t i = per_node >> shift; i <= 2 * per_node >> shift; i++) sections[i] = 1;
  zones[1].start = per_node;
  ptes = zeros(pages);
  swap_map = zeros(2 * (size_t)pages + 1);
  swap_cache = zeros(2 * (size_t)pages + 1);
  list = zeros(pages);
  lowest = 1;
  highest = 2 * pages;
  int32_t offset = 0;
  for (int32_t i = 0; i < stride; i++) {
    for (int32_t vpn = offset; vpn < pages; vpn += stride) fault(vpn);
    offset = (421 * offset + 97) & (stride - 1);
  }
}

/* --- replay of rows ---------------------------------------------------------------------------------------------------- */

static void reduce(const int32_t *rows, int32_t count, const int32_t *lengths) {
  for (const int32_t *r = rows, *end = rows + count; r < end; r += lengths[r[0]]) {
    switch (r[0]) {
      case 10: allocate(r[1]); break;
      case 11: free_frame(r[1]); break;
      case 20: add_to_batch(r[1], r[3]); break;
      case 21: add_to_lru(r[1], r[3]); break;
      case 22: drained(r[2]); break;
      case 27: at(r[1])[FLAGS] |= REFERENCED; break;
      case 29: at(r[1])[COUNT]++; break;
      case 30: at(r[1])[COUNT]--; break;
      case 40: isolate(r[1]); break;
      case 43: put_back(r[1]); break;
      case 60: at(r[1])[FLAGS] |= LOCKED; break;
      case 61: at(r[1])[FLAGS] &= ~LOCKED; break;
      case 80: enter_cache(r[1], r[2], UPTODATE | DIRTY); break;
      case 82: vmstat[FIND]++; if (r[4]) vmstat[FOUND]++; break;
      case 83: start_read(r[1], r[2]); break;
      case 84: leave_cache(r[1], r[2]); break;
      case 90: take_slot(r[1], r[5], r[6]); break;
      case 92: swap_map[r[1]]++; break;
      case 93: drop_slot(r[1]); break;
      case 100: at(r[1])[FLAGS] = (at(r[1])[FLAGS] & ~DIRTY) | RECLAIM; break;
      case 101: start_write(r[1]); break;
      case 102: finish_write(r[1]); break;
      case 103: finish_read(r[1]); break;
      case 110: unmap(r[1], r[3], r[4]); break;
      case 111: ptes[r[3]] &= ~YOUNG; break;
      case 121: vmstat[PGFAULT]++; break;
      case 122: min_flt++; break;
      case 126: map_anon(r[1], r[3], YOUNG | PTE_DIRTY | WRITE, r[5], r[6]); break;
      case 128: map_anon(r[1], r[3], YOUNG | WRITE | PTE_DIRTY, r[7], r[8]); break;
      case 156: sem++; break;
      case 157: sem--; break;
    }
  }
}

/* The file: frames, first page, pages, slots, section shift, sections, zones; then sections, where zones start, lengths, rows. */
static int replay(const char *path, int rounds) {
  int32_t head[8], lengths[256];
  FILE *file = fopen(path, "rb");
  if (!file || fread(head, 4, 8, file) != 8 || head[6] > ZONES) return 1;
  size_t nframes = head[0], pages = head[2], slots = head[3], nsections = head[5];
  shift = head[4];
  sections = zeros(nsections);
  if (fread(sections, 4, nsections, file) != nsections) return 1;
  int32_t starts[ZONES];
  if (fread(starts, 4, head[6], file) != (size_t)head[6] || fread(lengths, 4, 256, file) != 256) return 1;
  int32_t *rows = zeros(head[7]);
  if (fread(rows, 4, head[7], file) != (size_t)head[7]) return 1;
  fclose(file);
  int64_t events = 0;
  for (int32_t i = 0; i < head[7]; i += lengths[rows[i]]) events++;
  frames = zeros(nframes * FRAME);
  int32_t *table = zeros(pages);
  swap_map = zeros(slots);
  swap_cache = zeros(slots);
  for (int round = 0; round < rounds; round++) {
    memset(frames, 0, nframes * FRAME * 4);
    memset(table, 0, pages * 4);
    memset(swap_map, 0, slots * 4);
    memset(swap_cache, 0, slots * 4);
    memset(zones, 0, sizeof zones);
    memset(batches, 0, sizeof batches);
    for (int z = 0; z < head[6]; z++) zones[z].start = starts[z];
    io_first = io_pending = 0;
    ptes = table - head[1];
    int64_t begin = now();
    reduce(rows, head[7], lengths);
    printf("%lld %lld\n", (long long)events, (long long)(now() - begin));
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 4 && !strcmp(argv[1], "replay")) return replay(argv[2], atoi(argv[3]));
  if (argc != 5) return 2;
  int32_t pages = atoi(argv[2]), stride = atoi(argv[3]), rounds = atoi(argv[4]);
  const char *op = argv[1];
  build(pages, stride);
  int32_t *copy = zeros(pages);
  for (int round = 0; round < rounds; round++) {
    int64_t begin = now(), count = pages;
    if (!strcmp(op, "scan")) for (int i = 0; i < 16; i++) kept += walk(pages), count = 16LL * pages;
    else if (!strcmp(op, "putback")) putback(pages);
    else if (!strcmp(op, "swap")) swap(pages);
    else if (!strcmp(op, "migrate")) migrate(pages, round & 1);
    else if (!strcmp(op, "fork")) fork_exit(pages, copy);
    else return 2;
    printf("%lld %lld\n", (long long)count, (long long)(now() - begin));
  }
  return 0;
}
