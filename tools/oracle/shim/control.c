/* libxenctrl: what the daemons of 4.17 ask about domains. */
#define _GNU_SOURCE
#include "oracle.h"

#include <string.h>

static char handle;

/* The beginning of xc_dominfo_t. The daemon reads nothing behind it. */
struct dominfo {
	uint32_t domid;
	uint32_t ssidref;
	unsigned dying : 1, crashed : 1, shutdown : 1, paused : 1, blocked : 1, running : 1;
};

/* The beginning of xc_domaininfo_t. The daemon reads nothing behind it that matters. */
struct domaininfo {
	uint16_t domain;
	uint16_t pad;
	uint32_t flags;
};
#define DOMINF_DYING (1u << 0)
#define DOMINF_SHUTDOWN (1u << 2)

EXPORT void *xc_interface_open(void *logger, void *build_logger, unsigned flags)
{
	return &handle;
}

EXPORT int xc_interface_close(void *interface)
{
	return 0;
}

/*
 * Both calls give the domains at or above `first`, at most `max`; the daemons ask for one. What this interface calls
 * dying is the later interface's DEAD: a domain whose teardown still runs does not count.
 */
EXPORT int xc_domain_getinfo(void *interface, uint32_t first, unsigned max, struct dominfo *info)
{
	struct domain domain;
	uint32_t domid;

	if (max < 1 || !oracle_next_domain(first, &domid, &domain))
		return 0;
	memset(info, 0, sizeof(*info));
	info->domid = domid;
	info->dying = (domain.state & STATE_DEAD) != 0;
	info->shutdown = (domain.state & STATE_SHUTDOWN) != 0;
	info->running = 1;
	return 1;
}

EXPORT int xc_domain_getinfolist(void *interface, uint32_t first, unsigned max, struct domaininfo *info)
{
	struct domain domain;
	uint32_t domid;

	if (max < 1 || !oracle_next_domain(first, &domid, &domain))
		return 0;
	info->domain = domid;
	info->pad = 0;
	info->flags = (domain.state & STATE_DEAD ? DOMINF_DYING : 0) |
		      (domain.state & STATE_SHUTDOWN ? DOMINF_SHUTDOWN : 0);
	return 1;
}
