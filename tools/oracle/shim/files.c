/* The C library: paths that a daemon cannot be told to change, a limit it must be allowed to miss, its log. */
#define _GNU_SOURCE
#include "oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct move {
	const char *from;
	/* Below the daemon's directory. */
	const char *to;
};

static const struct move moves[] = {
	{ "/proc/xen/xsd_kva", "/0.page" },
	{ "/proc/xen/xsd_port", "/xsd_port" },
	{ "/var/run/xenstored", "" },
	{ "/run/xenstored", "" },
};

static const char *moved(const char *path, char *buffer, size_t size)
{
	for (size_t i = 0; path && i < sizeof(moves) / sizeof(moves[0]); i++) {
		size_t length = strlen(moves[i].from);

		if (strncmp(path, moves[i].from, length) != 0)
			continue;
		if (path[length] != '\0' && path[length] != '/')
			continue;
		snprintf(buffer, size, "%s%s%s", oracle_directory(), moves[i].to, path + length);
		return buffer;
	}
	return path;
}

/* The mode is there only if the file may be made. */
#define OPEN(name)                                                             \
	EXPORT int name(const char *path, int flags, ...)                      \
	{                                                                      \
		char buffer[8192];                                             \
		mode_t mode = 0;                                               \
									       \
		if (flags & (O_CREAT | __O_TMPFILE)) {                         \
			va_list rest;                                          \
									       \
			va_start(rest, flags);                                 \
			mode = va_arg(rest, mode_t);                           \
			va_end(rest);                                          \
		}                                                              \
		return REAL(name)(moved(path, buffer, sizeof(buffer)), flags, mode); \
	}

OPEN(open)
OPEN(open64)

EXPORT int mkdir(const char *path, mode_t mode)
{
	char buffer[8192];

	return REAL(mkdir)(moved(path, buffer, sizeof(buffer)), mode);
}

EXPORT int unlink(const char *path)
{
	char buffer[8192];

	return REAL(unlink)(moved(path, buffer, sizeof(buffer)));
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_un target = { .sun_family = AF_UNIX };
	char path[sizeof(target.sun_path) + 1] = "", buffer[8192];
	const char *to;

	if (address->sa_family != AF_UNIX || length <= offsetof(struct sockaddr_un, sun_path) || length > sizeof(target))
		return REAL(bind)(fd, address, length);
	memcpy(path, ((const struct sockaddr_un *)address)->sun_path, length - offsetof(struct sockaddr_un, sun_path));
	to = moved(path, buffer, sizeof(buffer));
	if (to == path)
		return REAL(bind)(fd, address, length);
	if (strlen(to) >= sizeof(target.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(target.sun_path, to);
	return REAL(bind)(fd, (const struct sockaddr *)&target, sizeof(target));
}

/* The OCaml daemon wants a million descriptors and ends where it may not have them. */
EXPORT int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	struct rlimit now;

	if (REAL(setrlimit)(resource, limit) == 0)
		return 0;
	if (errno != EPERM || getrlimit(resource, &now) != 0)
		return -1;
	now.rlim_cur = now.rlim_max;
	return REAL(setrlimit)(resource, &now);
}

/* The C daemon's warnings go to syslog, which nobody reads here. */
static void log_line(const char *format, va_list rest)
{
	vfprintf(stderr, format, rest);
	fputc('\n', stderr);
}

EXPORT void openlog(const char *identity, int options, int facility)
{
}

EXPORT void syslog(int priority, const char *format, ...)
{
	va_list rest;

	va_start(rest, format);
	log_line(format, rest);
	va_end(rest);
}

EXPORT void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list rest;

	va_start(rest, format);
	log_line(format, rest);
	va_end(rest);
}
