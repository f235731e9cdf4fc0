/* libxenstore's own client, and a client that does nothing but keep requests in flight. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct xs_handle;
typedef struct xs_handle *open_fn(unsigned long flags);
typedef void *read_fn(struct xs_handle *, unsigned int tx, const char *path, unsigned int *len);

static struct xs_handle *handle;
static read_fn *xs_read;
static int raw = -1;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

/* 1: connected, by XENSTORED_PATH; 0: not. */
int open_both(const char *socket_path) {
  void *library = dlopen("libxenstore.so.4", RTLD_NOW);
  if (!library)
    return 0;
  open_fn *xs_open = (open_fn *)dlsym(library, "xs_open");
  xs_read = (read_fn *)dlsym(library, "xs_read");
  setenv("XENSTORED_PATH", socket_path, 1);
  handle = xs_open(0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, socket_path, sizeof address.sun_path - 1);
  raw = socket(AF_UNIX, SOCK_STREAM, 0);
  return handle && connect(raw, (struct sockaddr *)&address, sizeof address) == 0;
}

/* READs of `path`, one after the other: nanoseconds each. */
double read_values(const char *path, int count) {
  double start = now();
  for (int i = 0; i < count; i++) {
    unsigned int length;
    void *value = xs_read(handle, 0, path, &length);
    if (!value)
      return -1;
    free(value);
  }
  return (now() - start) / count;
}

/* READs of `path` in bursts of 64, each burst one write; replies of `reply` bytes are counted, not looked at. */
double read_bursts(const char *path, int reply, int bursts) {
  enum { BURST = 64 };
  unsigned int length = strlen(path) + 1;
  unsigned int header[4] = {2, 1, 0, length};
  static char out[BURST * 128], in[65536];
  char *end = out;
  for (int i = 0; i < BURST; i++) {
    memcpy(end, header, sizeof header);
    memcpy(end + sizeof header, path, length);
    end += sizeof header + length;
  }
  double start = now();
  for (int i = 0; i < bursts; i++) {
    if (write(raw, out, end - out) != end - out)
      return -1;
    for (long got = 0; got < (long)reply * BURST;) {
      long n = read(raw, in, sizeof in);
      if (n <= 0)
        return -1;
      got += n;
    }
  }
  return (now() - start) / (bursts * (double)BURST);
}
