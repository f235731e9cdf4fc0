/**
 * Lines of a table: cells of a column are as wide as the widest, two blanks between columns, none at the end.
 *
 * @param right - The columns whose cells stand to the right.
 */
export const aligned = (
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number>,
): string[] => {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return right.has(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
};
