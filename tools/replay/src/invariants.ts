/** What a line that depends on timing is held to: one sentence each, as the summary prints it. */
export const INVARIANTS = {
  "destroy-in-progress":
    "what a thread sees while another CPU destroys a domain is what some moment of that destroy shows",
  "torn-read":
    "DYING and DEAD come from two reads of the hypervisor, so another thread can see them together",
  "gone-again": "one destroy gives at most two all-zero entries, the second at the final free",
  "create-retried": "a domid that is being freed may refuse creations, and in the end takes one",
  "possible-pattern":
    "what a draining thread saw of one domid is a sequence that its marks and states allow",
  "unrecorded-domain":
    "a domain made by operations that are not recorded has an id further on in the chain",
  "lost-incarnations":
    "the incarnations lost to Xen's race are those shown, and each gave at most two all-zero entries",
} as const;

export type Invariant = keyof typeof INVARIANTS;
