declare module "@size-limit/preset-small-lib" {
  const plugins: ((...args: unknown[]) => unknown)[];
  // biome-ignore lint/style/noDefaultExport: so the package exports it
  export default plugins;
}
