import type { DomainAnswer } from "./control-protocol.ts";
import { printable } from "./printable.ts";
import { aligned } from "./table.ts";

const HEAD = ["DOMID", "NAME", "STATE", "CAPS", "UNIQUE ID"] as const;

/** Domains as a table of text, a line each, the head first. Numbers stand to the right. */
export const domainTable = (domains: readonly DomainAnswer[]): string[] => {
  const rows = domains.map((domain) => [
    String(domain.domid),
    printable(domain.name ?? "-"),
    stateText(domain),
    domain.capsNames.join(",") || "-",
    domain.uniqueId,
  ]);
  return aligned([HEAD, ...rows], new Set([0, 4]));
};

/**
 * The state by the names of its flags, with what else is known: `exist,shutdown(reboot)`, `exist,paused`.
 *
 * `paused` is no flag of the stable interface; it comes from the older getdomaininfo.
 */
export const stateText = (domain: {
  readonly stateNames: readonly string[];
  readonly paused?: boolean;
  readonly shutdownReason?: string | null;
}): string => {
  const names = domain.stateNames.map((name) =>
    name === "shutdown" && domain.shutdownReason ? `shutdown(${domain.shutdownReason})` : name,
  );
  if (domain.paused === true) names.push("paused");
  return names.join(",") || "-";
};
