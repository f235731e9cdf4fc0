/*
 * The client of the load benches, and the server that no Xenstore daemon can beat.
 *
 * Requests come encoded. Each function sends them, waits for what is to come back, and returns how many replies were
 * errors; -1 when the connection broke.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEADER = 16, TYPE_ERROR = 16, TYPE_START = 6, TYPE_END = 7, MANY = 256 };

static uint8_t input[1 << 20];

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	return address;
}

static uint32_t u32(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof value);
}

static int send_all(int fd, const uint8_t *bytes, int size)
{
	while (size > 0) {
		ssize_t sent = write(fd, bytes, size);
		if (sent <= 0)
			return -1;
		bytes += sent;
		size -= sent;
	}
	return 0;
}

/* Reads exactly `count` messages; the payload of the last one then begins at `*last`. */
static int receive(int fd, int count, uint8_t **last)
{
	size_t held = 0, at = 0;
	int errors = 0;

	while (count > 0) {
		ssize_t got = read(fd, input + held, sizeof input - held);
		if (got <= 0)
			return -1;
		held += got;
		while (count > 0 && held - at >= HEADER && held - at >= HEADER + u32(input + at + 12)) {
			errors += u32(input + at) == TYPE_ERROR;
			if (last)
				*last = input + at + HEADER;
			at += HEADER + u32(input + at + 12);
			count -= 1;
		}
		if (at == held || sizeof input - held < 8192) {
			memmove(input, input + at, held - at);
			if (count > 0) {
				held -= at;
				at = 0;
			}
		}
	}
	/* Whatever is behind the last message was not asked for. */
	return at == held ? errors : -1;
}

int load_connect(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

int load_close(int fd)
{
	return close(fd);
}

/* Rounds of: `batch` to each connection, then `replies` messages from each. */
int load_rounds(const int *fds, int connections, const uint8_t *batch, int size, int replies, int rounds)
{
	int errors = 0;

	for (int round = 0; round < rounds; round++) {
		for (int each = 0; each < connections; each++)
			if (send_all(fds[each], batch, size))
				return -1;
		for (int each = 0; each < connections; each++) {
			int failed = receive(fds[each], replies, NULL);
			if (failed < 0)
				return -1;
			errors += failed;
		}
	}
	return errors;
}

/* Different requests one behind the other, each when the one before is answered. */
int load_sequence(int fd, const uint8_t *requests, int size)
{
	int errors = 0;

	for (int at = 0; at < size;) {
		int length = HEADER + u32(requests + at + 12);
		if (send_all(fd, requests + at, length))
			return -1;
		int failed = receive(fd, 1, NULL);
		if (failed < 0)
			return -1;
		errors += failed;
		at += length;
	}
	return errors;
}

/* Rounds of: one request of `writer`, its reply, and `events` messages to `watcher`. */
int load_events(int watcher, int writer, const uint8_t *request, int size, int events, int rounds)
{
	for (int round = 0; round < rounds; round++) {
		if (send_all(writer, request, size) || receive(writer, 1, NULL) != 0)
			return -1;
		if (receive(watcher, events, NULL) != 0)
			return -1;
	}
	return 0;
}

static int send_message(int fd, uint32_t type, uint32_t tx, const char *payload, uint32_t length)
{
	uint8_t message[64] = { 0 };

	put_u32(message, type);
	put_u32(message + 8, tx);
	put_u32(message + 12, length);
	memcpy(message + HEADER, payload, length);
	return send_all(fd, message, HEADER + length);
}

/*
 * Rounds of: each connection makes one transaction of the same requests, all in step, again and again until it is
 * committed. Returns how many times a transaction was begun.
 */
int load_transactions(const int *fds, int connections, const uint8_t *requests, int size, int rounds)
{
	static uint8_t copy[4096];
	uint32_t tx[MANY];
	int open[MANY], tries = 0;

	if (connections > MANY || size > (int)sizeof copy)
		return -1;
	memcpy(copy, requests, size);
	for (int round = 0; round < rounds; round++) {
		int left = connections;
		for (int each = 0; each < connections; each++)
			open[each] = each;
		while (left > 0) {
			uint8_t *payload = NULL;
			tries += left;
			for (int each = 0; each < left; each++)
				if (send_message(fds[open[each]], TYPE_START, 0, "", 1))
					return -1;
			for (int each = 0; each < left; each++) {
				if (receive(fds[open[each]], 1, &payload) != 0)
					return -1;
				tx[open[each]] = 0;
				for (; *payload >= '0'; payload++)
					tx[open[each]] = tx[open[each]] * 10 + (*payload - '0');
			}
			for (int at = 0; at < size;) {
				int length = HEADER + u32(copy + at + 12);
				for (int each = 0; each < left; each++) {
					put_u32(copy + at + 8, tx[open[each]]);
					if (send_all(fds[open[each]], copy + at, length))
						return -1;
				}
				for (int each = 0; each < left; each++)
					if (receive(fds[open[each]], 1, NULL) != 0)
						return -1;
				at += length;
			}
			for (int each = 0; each < left; each++)
				if (send_message(fds[open[each]], TYPE_END, tx[open[each]], "T", 2))
					return -1;
			int again = 0;
			for (int each = 0; each < left; each++) {
				int failed = receive(fds[open[each]], 1, &payload);
				if (failed < 0 || (failed && memcmp(payload, "EAGAIN", 7)))
					return -1;
				if (failed)
					open[again++] = open[each];
			}
			left = again;
		}
	}
	return tries;
}

/* Serves for ever: one read and one write of the same bytes for each connection and wake-up. */
int echo_serve(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ready[MANY], wanted = { .events = EPOLLIN, .data.fd = listener };

	if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128))
		return errno;
	epoll_ctl(set, EPOLL_CTL_ADD, listener, &wanted);
	for (;;) {
		int count = epoll_wait(set, ready, MANY, -1);
		for (int each = 0; each < count; each++) {
			int fd = ready[each].data.fd;
			if (fd == listener) {
				wanted.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
				epoll_ctl(set, EPOLL_CTL_ADD, wanted.data.fd, &wanted);
				continue;
			}
			ssize_t got = read(fd, input, sizeof input);
			if (got <= 0 || send_all(fd, input, got))
				close(fd);
		}
	}
}
