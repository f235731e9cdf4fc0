import { readmeExamples } from "@xenkit/testkit";

readmeExamples(new URL("../README.md", import.meta.url));
