export { apiReport } from "./api-report.ts";
export { readSizes, type Sizes } from "./expected-sizes.ts";
export { pack } from "./pack.ts";
export { PackCheckError } from "./pack-check-error.ts";
export { type Manifest, type PublicPackage, publicPackages } from "./public-packages.ts";
export { readTarball } from "./read-tarball.ts";
export { root } from "./root.ts";
export { type RunOptions, run } from "./run.ts";
