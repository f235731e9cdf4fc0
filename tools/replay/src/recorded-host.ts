import {
  DOMCTL,
  DOMCTL_SIZE,
  DOMID,
  domctlHeader,
  ERRNO,
  EVTCHNOP,
  evtchnAllocUnbound,
  evtchnBindVirq,
  evtchnClose,
  HYPERVISOR,
  INTERFACE_VERSION,
  type Release,
} from "@xenkit/abi";
import {
  createHypervisor,
  type DrainOrder,
  type Hypervisor,
  isHypervisorError,
} from "@xenkit/hypervisor";
import { argumentOf } from "./argument.ts";
import { firstUniqueId } from "./first-unique-id.ts";
import type { HiddenStep } from "./hidden-steps.ts";
import type { Line, Operation } from "./line.ts";
import type { Recording } from "./parse-recording.ts";

/** What an operation gave. */
export interface Outcome {
  readonly rc: number;
  /** The buffer after the call; undefined when there was none to compare. */
  readonly bytes: Uint8Array | undefined;
}

/** What no hypervisor answers: this one is not there any more. */
const HOST_DOWN = -112;

/** The release whose interface version this is; for one that is newer than all, the newest. */
const releaseOf = (interfaceVersion: number): Release => {
  const known = Object.entries(INTERFACE_VERSION) as [Release, number][];
  const exact = known.find(([, version]) => version === interfaceVersion);
  const [newest] = known.sort(([, a], [, b]) => b - a);
  return (exact ?? newest)?.[0] as Release;
};

/** The emulator in the place of the host that was recorded: dom0 with its ports, the ids, and what is hidden. */
export class RecordedHost {
  readonly hypervisor: Hypervisor;
  /** Whose free is to wait. */
  #deferred: number | undefined;
  readonly #waitingFrees = new Map<number, () => void>();
  /** Destroys that began before their line, and what they gave. */
  readonly #finished = new Map<number, number>();
  readonly #interfaceVersion: number;

  constructor({ start, lines }: Recording, drainOrder: DrainOrder) {
    this.#interfaceVersion = start.interfaceVersion;
    this.hypervisor = createHypervisor({
      release: releaseOf(start.interfaceVersion),
      interfaceVersion: start.interfaceVersion,
      uniqueIds: "xorshift",
      firstUniqueId: firstUniqueId(lines),
      drainOrder,
      teardownSteps: 1,
      schedule: (step) => this.#schedule(step),
    });
    this.#reservePorts(lines);
  }

  /** Makes an operation as recorded, on a copy of its buffer. `caller` is a domid. */
  operate(line: Operation, caller: number): Outcome {
    const { call } = line;
    switch (call.kind) {
      case "hypercall": {
        const bytes = line.input?.slice();
        return { rc: this.#hypercall(caller, call.hypercall, bytes, call.cmd), bytes };
      }
      case "bind-virq":
        return { rc: this.#bindVirq(caller, argumentOf(line) ?? 0), bytes: undefined };
      case "unbind":
        return { rc: this.#close(caller, argumentOf(line) ?? 0), bytes: undefined };
      case "close":
        return { rc: this.#close(caller, line.port ?? 0), bytes: undefined };
      case "null-pointer":
        return { rc: this.#hypercall(caller, HYPERVISOR.domctl, undefined, 0), bytes: undefined };
      case "short-buffer": {
        const bytes = new Uint8Array(32);
        bytes[0] = DOMCTL.getDomainState;
        return { rc: this.#hypercall(caller, HYPERVISOR.domctl, bytes, 0), bytes: undefined };
      }
    }
  }

  /** Destroys a domain without a line that says so. */
  destroy(domid: number): number {
    return this.#hypercall(0, HYPERVISOR.domctl, this.#destroyRequest(domid), 0);
  }

  /** Lets something happen that no operation of the recording shows. */
  step(step: HiddenStep): void {
    try {
      this.#step(step);
    } catch (error) {
      // The emulator cannot follow the recording any more: the next answers show it.
      if (!isHypervisorError(error)) throw error;
    }
  }

  #step({ kind, domid }: HiddenStep): void {
    switch (kind) {
      case "hold-reference":
        this.hypervisor.holdReference(domid);
        break;
      case "drop-reference":
        this.hypervisor.releaseReference(domid);
        break;
      case "begin-destroy":
        this.hypervisor.destroyStep(domid);
        break;
      case "finish-destroy":
        this.#finished.set(domid, this.destroy(domid));
        break;
      case "defer-free":
        this.#deferred = domid;
        break;
      case "free":
        this.#waitingFrees.get(domid)?.();
        this.#waitingFrees.delete(domid);
        break;
    }
  }

  /** What the destroy of this domain gave that ended before its line; asked once. */
  takeFinishedDestroy(domid: number): number | undefined {
    const rc = this.#finished.get(domid);
    this.#finished.delete(domid);
    return rc;
  }

  /** The port that is pending in dom0 for this VIRQ; consumed by looking, as reading the device does. */
  takePending(port: number): boolean {
    const events = this.hypervisor.eventChannels(0);
    if (!events.isPending(port)) return false;
    events.clearPending(port);
    return true;
  }

  #hypercall(caller: number, op: number, bytes: Uint8Array | undefined, cmd: number): number {
    try {
      for (;;) {
        const rc = this.hypervisor.hypercall(caller, op, bytes, cmd);
        // The CPU makes the same call again: no caller ever sees this one.
        if (rc !== -ERRNO.ERESTART) return rc;
      }
    } catch (error) {
      if (isHypervisorError(error, "host-down")) return HOST_DOWN;
      throw error;
    }
  }

  #destroyRequest(domid: number): Uint8Array {
    const { destroydomain: cmd } = DOMCTL;
    const interfaceVersion = this.#interfaceVersion;
    const header = { cmd, interfaceVersion, domain: domid, pad: new Uint8Array(6) };
    return domctlHeader.encode(header, new Uint8Array(DOMCTL_SIZE), 0);
  }

  #schedule(free: () => void): void {
    if (this.#deferred === undefined) {
      free();
      return;
    }
    this.#waitingFrees.set(this.#deferred, free);
    this.#deferred = undefined;
  }

  #bindVirq(caller: number, virq: number): number {
    const bytes = evtchnBindVirq.encode({ virq, vcpu: 0, port: 0 });
    const rc = this.#hypercall(caller, HYPERVISOR.eventChannelOp, bytes, EVTCHNOP.bindVirq);
    return rc === 0 ? evtchnBindVirq.decode(bytes).port : rc;
  }

  #close(caller: number, port: number): number {
    const bytes = evtchnClose.encode({ port });
    return this.#hypercall(caller, HYPERVISOR.eventChannelOp, bytes, EVTCHNOP.close);
  }

  /** Linux has ports of its own: as many as it takes for the first bind to get the port it got. */
  #reservePorts(lines: readonly Line[]): void {
    const bind = lines.find(
      (line) => line.kind === "operation" && line.call.kind === "bind-virq" && line.rc > 0,
    ) as Operation | undefined;
    for (let port = 1; port < (bind?.rc ?? 0); port += 1) {
      const bytes = evtchnAllocUnbound.encode({ dom: DOMID.self, remoteDom: 0, port: 0 });
      this.#hypercall(0, HYPERVISOR.eventChannelOp, bytes, EVTCHNOP.allocUnbound);
    }
  }
}
