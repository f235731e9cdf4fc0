/* Mapping of guests' ring pages: by grant (libxengnttab, the C daemon), by frame (libxenctrl, the OCaml daemon). */
#define _GNU_SOURCE
#include "oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* The grant that a toolstack makes for the Xenstore page. */
#define XENSTORE_GRANT 1

static char handle;

static void *map_page(uint32_t domid, int protection)
{
	struct domain domain;
	char path[4096 + 16];
	void *page;
	int fd;

	if (!oracle_domain(domid, &domain)) {
		errno = EINVAL; /* As Linux puts it, whatever is wrong with a grant. */
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/%u.page", oracle_directory(), domid);
	fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	page = mmap(NULL, PAGE_SIZE, protection, MAP_SHARED, fd, 0);
	close(fd);
	return page == MAP_FAILED ? NULL : page;
}

EXPORT void *xengnttab_open(void *logger, unsigned flags)
{
	return &handle;
}

EXPORT int xengnttab_close(void *table)
{
	return 0;
}

EXPORT int xengnttab_set_max_grants(void *table, uint32_t count)
{
	return 0;
}

EXPORT void *xengnttab_map_grant_ref(void *table, uint32_t domid, uint32_t reference, int protection)
{
	if (reference != XENSTORE_GRANT) {
		errno = EINVAL;
		return NULL;
	}
	return map_page(domid, protection);
}

EXPORT int xengnttab_unmap(void *table, void *address, uint32_t pages)
{
	return munmap(address, (size_t)pages * PAGE_SIZE);
}

/* Whatever the frame: a guest has one page here. */
EXPORT void *xc_map_foreign_range(void *interface, uint32_t domid, int size, int protection, unsigned long frame)
{
	if (size != PAGE_SIZE) {
		errno = EINVAL;
		return NULL;
	}
	return map_page(domid, protection);
}
