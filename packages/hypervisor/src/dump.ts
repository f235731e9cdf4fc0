import type { Domain } from "./domain.ts";
import { idToHex, toHex } from "./hex.ts";
import type { Machine } from "./machine.ts";
import { type DomainRecord, type HypervisorState, STATE_VERSION } from "./state.ts";

/** The whole machine as plain data. */
export const dumpMachine = (machine: Machine): HypervisorState => ({
  version: STATE_VERSION,
  release: machine.profile.release,
  uniqueIds: {
    policy: machine.uniqueIds.policy,
    last: idToHex(machine.uniqueIds.low, machine.uniqueIds.high),
  },
  domidCursor: machine.domids.cursor,
  hardware: machine.hardware?.domid ?? null,
  virqHandlers: machine.virqHandlers.flatMap((handler, virq) =>
    handler === undefined ? [] : [[virq, handler.domid] as const],
  ),
  changed: machine.changed === undefined ? null : [...machine.changed],
  limbo: [...machine.limbo],
  down: machine.down ?? null,
  nextHandle: machine.mappings.nextHandle,
  domains: [...machine.table].map(domainRecord),
  mappings: [...machine.mappings].map(({ handle, mapper, owner, ref, gfn, page }) => ({
    handle,
    mapper: mapper.domid,
    owner: owner.domid,
    ref,
    gfn,
    page: toHex(page),
  })),
  deliveries: machine.deliveries.waiting
    .filter(({ domain, port }) => domain.ports.get(port.number) === port)
    .map(({ domain, port }) => [domain.domid, port.number] as const),
});

const domainRecord = (domain: Domain): DomainRecord => ({
  domid: domain.domid,
  uniqueId: idToHex(domain.idLow, domain.idHigh),
  caps: domain.caps,
  config: { ...domain.config },
  life: domain.life,
  shutdown: domain.shutdown,
  shutdownReason: domain.shutdownReason,
  pauseCount: domain.pauseCount,
  vcpus: domain.vcpus,
  maxMemKb: `0x${domain.maxMemKb.toString(16)}`,
  suspendPort: domain.suspendPort,
  heldReferences: domain.heldReferences,
  teardownSteps: domain.teardownSteps,
  target: domain.target?.domid ?? null,
  ports: [...domain.ports].map(({ number, kind, remoteDomid, remotePort, virq, vcpu, masked }) => ({
    number,
    kind,
    remoteDomid,
    remotePort,
    virq,
    vcpu,
    masked,
  })),
  pending: [...domain.ports.pending],
  grants: [...domain.grants].map(([ref, grant]) => [ref, { ...grant }] as const),
  pages: [...domain.memory].map(([gfn, page]) => [gfn, toHex(page)] as const),
});
