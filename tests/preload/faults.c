/* Faults of the system, for LD_PRELOAD in whole-program tests.
 *
 * FAULT_RESOLVE_HANG=SECONDS      resolving a host name takes that long and then fails; numeric
 *                                 addresses and localhost are resolved as ever
 * FAULT_ENOSPC_UNDER=TEXT         files whose path contains TEXT lie on a disk with room for
 * FAULT_ENOSPC_AFTER=BYTES        so many bytes in all, counted over this process
 * FAULT_SYNCFS_HANG=SECONDS       syncfs takes that long, but for the first
 * FAULT_SYNCFS_SPARED=N           N calls
 * FAULT_SKIP_SYNC=1               syncfs, fsync and fdatasync return at once, so that a bench can
 *                                 time them apart
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static atomic_llong used;

static int on_full_disk(int descriptor) {
  const char* under = getenv("FAULT_ENOSPC_UNDER");
  if (under == NULL || *under == '\0') return 0;
  const int saved = errno;
  char link[64];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  errno = saved;
  if (length < 0) return 0;
  path[length] = '\0';
  return strstr(path, under) != NULL;
}

/* How many of `wanted` bytes still fit, or -1 with ENOSPC. As on a real disk, the write that meets
 * the end is short and the next one fails. */
static ssize_t room_for(int descriptor, size_t wanted) {
  if (wanted == 0 || !on_full_disk(descriptor)) return (ssize_t)wanted;
  const char* text = getenv("FAULT_ENOSPC_AFTER");
  const long long limit = text != NULL ? atoll(text) : 0;
  const long long before = atomic_fetch_add(&used, (long long)wanted);
  if (before >= limit) {
    errno = ENOSPC;
    return -1;
  }
  return before + (long long)wanted <= limit ? (ssize_t)wanted : (ssize_t)(limit - before);
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static ssize_t (*next)(int, const void*, size_t);
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "write");
  const ssize_t room = room_for(descriptor, count);
  return room < 0 ? room : next(descriptor, bytes, (size_t)room);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  static ssize_t (*next)(int, const void*, size_t, off_t);
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "pwrite");
  const ssize_t room = room_for(descriptor, count);
  return room < 0 ? room : next(descriptor, bytes, (size_t)room, offset);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off64_t offset) {
  return pwrite(descriptor, bytes, count, (off_t)offset);
}

ssize_t writev(int descriptor, const struct iovec* parts, int count) {
  static ssize_t (*next)(int, const struct iovec*, int);
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "writev");
  if (!on_full_disk(descriptor)) return next(descriptor, parts, count);
  /* One part at a time: a short writev is as good as a whole one. */
  for (int i = 0; i < count; ++i) {
    if (parts[i].iov_len > 0) return write(descriptor, parts[i].iov_base, parts[i].iov_len);
  }
  return 0;
}

ssize_t copy_file_range(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t count,
                        unsigned int flags) {
  static ssize_t (*next)(int, off64_t*, int, off64_t*, size_t, unsigned int);
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "copy_file_range");
  const ssize_t room = room_for(to, count);
  return room < 0 ? room : next(from, from_offset, to, to_offset, (size_t)room, flags);
}

static void hang(const char* seconds) {
  struct timespec left = {.tv_sec = atol(seconds), .tv_nsec = 0};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

static void hang_in_syncfs(void) {
  static atomic_int calls;
  const char* seconds = getenv("FAULT_SYNCFS_HANG");
  const char* spared = getenv("FAULT_SYNCFS_SPARED");
  if (seconds == NULL) return;
  if (atomic_fetch_add(&calls, 1) >= (spared != NULL ? atoi(spared) : 0)) hang(seconds);
}

#define SYNC_OR_NOT(name, before)                               \
  int name(int descriptor) {                                    \
    static int (*next)(int);                                    \
    if (getenv("FAULT_SKIP_SYNC") != NULL) return 0;            \
    if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, #name); \
    before;                                                     \
    return next(descriptor);                                    \
  }
SYNC_OR_NOT(syncfs, hang_in_syncfs())
SYNC_OR_NOT(fsync, (void)0)
SYNC_OR_NOT(fdatasync, (void)0)

int getaddrinfo(const char* host, const char* service, const struct addrinfo* hints,
                struct addrinfo** answer) {
  static int (*next)(const char*, const char*, const struct addrinfo*, struct addrinfo**);
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "getaddrinfo");
  const char* seconds = getenv("FAULT_RESOLVE_HANG");
  unsigned char address[sizeof(struct in6_addr)];
  if (seconds == NULL || host == NULL || strcasecmp(host, "localhost") == 0 ||
      inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
    return next(host, service, hints, answer);
  }
  hang(seconds);
  return EAI_AGAIN;
}
