/*
 * The oracle's shim: a preload library that stands in for Xen, so that Debian's unmodified Xenstore daemons run on any
 * machine. The program that started the daemon plays the hypervisor; the two share
 *
 *   a directory ($XENKIT_ORACLE_DIRECTORY) with
 *     machine       the table of domains, struct machine below, written by the starter only
 *     <domid>.page  4096 bytes: the domain's Xenstore ring page, mapped shared here, read and written there
 *     xsd_port      the decimal event channel port of domain 0, as Linux shows it in /proc/xen/xsd_port
 *   and a unix stream socket (descriptor $XENKIT_ORACLE_EVENTS) that carries event channels:
 *     daemon to starter   struct event_frame
 *     starter to daemon   uint32_t: the local port that has an event
 *
 * The daemon never waits for an answer of the starter: what it asks is in the table. All numbers are in the machine's
 * byte order.
 */
#ifndef XENKIT_ORACLE_H
#define XENKIT_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything else stays inside: a preload library must not capture names by accident. */
#define EXPORT __attribute__((visibility("default")))

#define PAGE_SIZE 4096
#define FIRST_RESERVED_DOMID 0x7ff0

enum domain_state {
	STATE_EXIST = 1,
	STATE_SHUTDOWN = 2,
	STATE_DYING = 4,
	STATE_DEAD = 8,
};

/* One domain: 16 bytes. The first 8 are written and read at once. */
struct domain {
	uint16_t state;
	uint16_t caps;
	/* The port that the guest allocated for Xenstore: the only one that can be bound. */
	uint32_t port;
	uint64_t unique_id;
};

/* The file `machine`. */
struct machine {
	/* One above the highest domid that ever existed. */
	uint32_t limit;
	uint32_t reserved[3];
	struct domain domains[FIRST_RESERVED_DOMID];
};

enum event_operation {
	EVENT_BIND_VIRQ = 1,        /* port, virq */
	EVENT_BIND_INTERDOMAIN = 2, /* port, domid */
	EVENT_UNBIND = 3,           /* port */
	EVENT_NOTIFY = 4,           /* port */
	EVENT_UNMASK = 5,           /* port: its event was handled */
};

struct event_frame {
	uint32_t operation;
	uint32_t port;
	uint32_t argument;
};

/* Directory of this daemon, absolute, without a slash at the end. */
const char *oracle_directory(void);

/* The domain as it is now; false when there is none with this domid. */
bool oracle_domain(uint32_t domid, struct domain *domain);

/* The first domain at or above `first`; false when there is none. */
bool oracle_next_domain(uint32_t first, uint32_t *domid, struct domain *domain);

/* The C library's own function, beneath one that we replace. */
void *oracle_next_symbol(const char *name);
#define REAL(name) ((__typeof__(&name))oracle_next_symbol(#name))

#endif
