/** One line of the plot. Points by ascending x; x in domains, y in nanoseconds. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const WIDTH = 760;
const HEIGHT = 460;
const LEFT = 78;
const RIGHT = 120;
const TOP = 104;
const BOTTOM = 56;

interface Palette {
  readonly ink: string;
  readonly soft: string;
  readonly grid: string;
  readonly paper: string;
  /** By the order of the series. */
  readonly lines: readonly string[];
}

const LIGHT: Palette = {
  ink: "#1f2328",
  soft: "#59636e",
  grid: "#d1d9e0",
  paper: "#ffffff",
  lines: ["#c4432b", "#9a6700", "#0969da", "#1a7f37"],
};

const DARK: Palette = {
  ink: "#f0f6fc",
  soft: "#9198a1",
  grid: "#3d444d",
  paper: "#0d1117",
  lines: ["#ff8a70", "#e3b341", "#58a6ff", "#3fb950"],
};

/** Plain rules, no custom properties: not every viewer of pictures knows those. */
const coloursOf = ({ ink, soft, grid, paper, lines }: Palette): string =>
  [
    `.paper { fill: ${paper} } text { fill: ${soft} } .ink { fill: ${ink} } .grid { stroke: ${grid} } circle { fill: ${paper} }`,
    ...lines.map((colour, index) => `.s${index} { stroke: ${colour} }`),
  ].join(" ");

const STYLE = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif }
  .title { font-size: 17px; font-weight: 600 }
  .line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
  .line.s1, .line.s3 { stroke-dasharray: 7 4 }
  circle { stroke-width: 2 }
  ${coloursOf(LIGHT)}
  @media (prefers-color-scheme: dark) { ${coloursOf(DARK)} }
`;

const UNITS = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
  [1, "ns"],
] as const;

const showTime = (ns: number): string => {
  const [scale, unit] = UNITS.find(([size]) => ns >= size) ?? [1, "ns"];
  const value = ns / scale;
  return `${value >= 100 ? value.toFixed(0) : Number(value.toPrecision(2))} ${unit}`;
};

const round = (value: number): number => Math.round(value * 10) / 10;

/** A logarithmic axis: from a value to a place in the picture. */
const axis =
  (from: number, to: number, start: number, end: number) =>
  (value: number): number =>
    round(start + ((Math.log10(value) - from) / (to - from)) * (end - start));

/** The lines as a picture, both axes logarithmic; readable on a light and on a dark page. */
export const plot = (series: readonly Series[]): string => {
  const points = series.flatMap((each) => each.points);
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const ys = points.map(({ y }) => Math.log10(y));
  const low = Math.floor(Math.min(...ys));
  const high = Math.ceil(Math.max(...ys));
  const [first = 1, last = 10] = [xs[0], xs.at(-1)];
  const toX = axis(Math.log10(first), Math.log10(last), LEFT, WIDTH - RIGHT);
  const toY = axis(low, high, HEIGHT - BOTTOM, TOP);

  const decades = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const rows = decades.flatMap((y) => [
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${toY(y)}" y2="${toY(y)}"/>`,
    `<text x="${LEFT - 10}" y="${toY(y) + 4}" text-anchor="end">${showTime(y)}</text>`,
  ]);
  const columns = xs.map(
    (x) =>
      `<text x="${toX(x)}" y="${HEIGHT - BOTTOM + 22}" text-anchor="middle">${x.toLocaleString("en-US")}</text>`,
  );
  const lines = series.flatMap(({ points: own }, index) => {
    const path = own.map(({ x, y }) => `${toX(x)},${toY(y)}`).join(" ");
    const end = own.at(-1);
    return [
      `<polyline class="line s${index}" points="${path}"/>`,
      ...own.map(({ x, y }) => `<circle class="s${index}" cx="${toX(x)}" cy="${toY(y)}" r="4"/>`),
      ...(end === undefined
        ? []
        : [
            `<text class="ink" x="${toX(end.x) + 12}" y="${toY(end.y) + 4}">${showTime(end.y)}</text>`,
          ]),
    ];
  });
  const legend = series.flatMap(({ name }, index) => {
    const x = LEFT + (index >> 1) * 316;
    const y = 56 + (index % 2) * 20;
    return [
      `<polyline class="line s${index}" points="${x},${y} ${x + 26},${y}"/>`,
      `<text x="${x + 34}" y="${y + 4}">${name}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">`,
    `<title id="title">Cost of learning one change, by number of domains: rising with the old way, flat with the new</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `<text class="title ink" x="${LEFT}" y="32">What it costs to learn that one domain changed</text>`,
    ...legend,
    ...rows,
    ...columns,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">domains on the host</text>`,
    ...lines,
    "</svg>",
    "",
  ].join("\n");
};
