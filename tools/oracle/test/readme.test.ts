import { available } from "@xenkit/oracle";
import { readmeExamples } from "@xenkit/testkit";
import { describe } from "vitest";

describe.runIf(available())("with the daemons installed", () => {
  readmeExamples(new URL("../README.md", import.meta.url));
});
