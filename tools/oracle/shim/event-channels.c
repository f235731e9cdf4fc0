/* libxenevtchn, over the socket to the starter. */
#define _GNU_SOURCE
#include "oracle.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct handle {
	int fd;
};

/* Xen has no port 0. Ports are not used again: a late event for a port that was closed cannot hit another one. */
static uint32_t next_port = 1;

/* Blocks while the socket is full: the starter must read. Keeps errno. */
static void send_frame(const struct handle *handle, uint32_t operation, uint32_t port, uint32_t argument)
{
	struct event_frame frame = { operation, port, argument };
	const char *at = (const char *)&frame;
	size_t left = sizeof(frame);
	int saved = errno;

	while (left > 0) {
		ssize_t sent = send(handle->fd, at, left, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			break; /* The starter has gone: the signal of machine.c is under way. */
		at += sent;
		left -= sent;
	}
	errno = saved;
}

EXPORT void *xenevtchn_fdopen(void *logger, int fd, unsigned flags)
{
	struct handle *handle = malloc(sizeof(*handle));

	if (handle)
		handle->fd = fd;
	return handle;
}

EXPORT void *xenevtchn_open(void *logger, unsigned flags)
{
	const char *fd = getenv("XENKIT_ORACLE_EVENTS");

	if (!fd) {
		errno = ENOENT;
		return NULL;
	}
	return xenevtchn_fdopen(logger, atoi(fd), flags);
}

EXPORT int xenevtchn_close(struct handle *handle)
{
	if (handle)
		close(handle->fd);
	free(handle);
	return 0;
}

EXPORT int xenevtchn_fd(struct handle *handle)
{
	return handle->fd;
}

EXPORT int xenevtchn_bind_virq(struct handle *handle, unsigned virq)
{
	send_frame(handle, EVENT_BIND_VIRQ, next_port, virq);
	return next_port++;
}

EXPORT int xenevtchn_bind_interdomain(struct handle *handle, uint32_t domid, uint32_t remote_port)
{
	struct domain domain;

	if (!oracle_domain(domid, &domain)) {
		errno = ESRCH;
		return -1;
	}
	if (remote_port == 0 || remote_port != domain.port) {
		errno = EINVAL;
		return -1;
	}
	send_frame(handle, EVENT_BIND_INTERDOMAIN, next_port, domid);
	return next_port++;
}

EXPORT int xenevtchn_unbind(struct handle *handle, uint32_t port)
{
	send_frame(handle, EVENT_UNBIND, port, 0);
	return 0;
}

EXPORT int xenevtchn_notify(struct handle *handle, uint32_t port)
{
	send_frame(handle, EVENT_NOTIFY, port, 0);
	return 0;
}

EXPORT int xenevtchn_unmask(struct handle *handle, uint32_t port)
{
	send_frame(handle, EVENT_UNMASK, port, 0);
	return 0;
}

EXPORT int xenevtchn_pending(struct handle *handle)
{
	uint32_t port;
	ssize_t got = recv(handle->fd, &port, sizeof(port), MSG_WAITALL);

	if (got == sizeof(port))
		return port;
	if (got >= 0)
		errno = ENODEV;
	return -1;
}
