import { SHUTDOWN, STATE } from "@xenkit/abi";
import { createHost, type Guest, type HostDomain } from "@xenkit/host";
import fc from "fast-check";
import { expect, test } from "vitest";

/** What a host's guests are, as plain data. */
interface Expected {
  /** Pauses add up. */
  pauses: number;
  down: boolean;
  readonly name: string;
}

type Deed = "create" | Exclude<keyof Guest, "domid" | "uniqueId" | "exists" | "ring">;

const FEW = 4;
const step = fc.record({
  deed: fc.constantFrom<Deed>(
    "create",
    "pause",
    "pause",
    "unpause",
    "shutdown",
    "resume",
    "destroy",
  ),
  domid: fc.integer({ min: 1, max: FEW }),
});

test("hypervisor, Xenstore and tracker agree on every guest after any life", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      await using host = await createHost();
      const expected = new Map<number, Expected>();
      const seen = new Map<number, string>();
      host.onChange(({ kind, domain }) => void seen.set(domain.domid, kind));
      for (const [at, { deed, domid }] of steps.entries()) {
        const model = expected.get(domid);
        const name = `step-${at}`;
        const guest = host.guest(domid);
        expect(guest === undefined).toBe(model === undefined);
        const work =
          deed === "create" ? host.createGuest({ domid, name }) : (guest?.[deed]() ?? undefined);
        const done = await Promise.resolve(work).then(
          () => true,
          () => false,
        );
        expect(done).toBe(mayDo(deed, model));
        if (done) doTo(expected, { deed, domid, name });
        compare(host.domains(), expected);
        for (const [id, { down }] of expected) {
          expect(host.store.isIntroduced(id)).toBe(true);
          expect(host.tracker.get(id)?.state).toBe(STATE.exist | (down ? STATE.shutdown : 0));
          expect(seen.get(id)).not.toBe("gone");
        }
        expect(host.tracker.size).toBe(expected.size + 1);
      }
    }),
    { numRuns: 60 },
  );
});

const mayDo = (deed: Deed, model: Expected | undefined): boolean => {
  if (deed === "create") return model === undefined;
  // Nothing is done to a guest that is not there.
  return deed !== "unpause" || model === undefined || model.pauses > 0;
};

const doTo = (
  expected: Map<number, Expected>,
  { deed, domid, name }: { deed: Deed; domid: number; name: string },
): void => {
  const model = expected.get(domid);
  if (deed === "create") expected.set(domid, { pauses: 0, down: false, name });
  else if (deed === "destroy") expected.delete(domid);
  else if (model !== undefined && deed === "pause") model.pauses += 1;
  else if (model !== undefined && deed === "unpause") model.pauses -= 1;
  else if (model !== undefined) model.down = deed === "shutdown";
};

const compare = (domains: readonly HostDomain[], expected: ReadonlyMap<number, Expected>): void => {
  const guests = domains.slice(1).map(({ domid, name, paused, state, shutdownReason }) => ({
    domid,
    name,
    paused,
    down: (state & STATE.shutdown) !== 0,
    shutdownReason,
  }));
  expect(guests).toEqual(
    [...expected]
      .sort(([a], [b]) => a - b)
      .map(([domid, model]) => ({
        domid,
        name: model.name,
        paused: model.pauses > 0,
        down: model.down,
        shutdownReason: model.down ? SHUTDOWN.poweroff : undefined,
      })),
  );
};
