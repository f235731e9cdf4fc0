/* The table of domains, and the daemon's bond to its starter. */
#define _GNU_SOURCE
#include "oracle.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static const volatile struct machine *machine;
static char directory[4096];

static void __attribute__((noreturn)) give_up(const char *what)
{
	fprintf(stderr, "oracle: %s: %s\n", what, strerror(errno));
	_exit(127);
}

void *oracle_next_symbol(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (!symbol) {
		errno = ENOSYS;
		give_up(name);
	}
	return symbol;
}

/*
 * The daemon must not outlive its starter. The signal is armed for the death of the present parent only, so a starter
 * that died before this point is noticed by comparing.
 */
static void die_with_starter(void)
{
	const char *starter = getenv("XENKIT_ORACLE_STARTER");

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		give_up("prctl");
	if (!starter || getppid() != atoi(starter))
		_exit(127);
}

static void __attribute__((constructor)) start(void)
{
	const char *given = getenv("XENKIT_ORACLE_DIRECTORY");
	char path[sizeof(directory) + 16];
	int fd;

	if (!given || strlen(given) >= sizeof(directory)) {
		errno = EINVAL;
		give_up("XENKIT_ORACLE_DIRECTORY");
	}
	strcpy(directory, given);
	die_with_starter();

	snprintf(path, sizeof(path), "%s/machine", directory);
	fd = REAL(open)(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		give_up(path);
	machine = mmap(NULL, sizeof(*machine), PROT_READ, MAP_SHARED, fd, 0);
	if (machine == MAP_FAILED)
		give_up(path);
	close(fd);
}

const char *oracle_directory(void)
{
	return directory;
}

bool oracle_domain(uint32_t domid, struct domain *domain)
{
	const volatile struct domain *entry;
	uint64_t word;

	if (domid >= FIRST_RESERVED_DOMID)
		return false;
	entry = &machine->domains[domid];
	word = *(const volatile uint64_t *)entry;
	memcpy(domain, &word, sizeof(word));
	domain->unique_id = entry->unique_id;
	return domain->state & STATE_EXIST;
}

bool oracle_next_domain(uint32_t first, uint32_t *domid, struct domain *domain)
{
	uint32_t limit = machine->limit;

	for (uint32_t at = first; at < limit; at++) {
		if (!oracle_domain(at, domain))
			continue;
		*domid = at;
		return true;
	}
	return false;
}
