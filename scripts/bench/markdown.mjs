// Tables and plots of a Markdown page. Plots are Mermaid's, which the usual hosts of repositories draw.

const row = (cells) => `| ${cells.join(' | ')} |`;

/** The first column is words, all others are figures. */
export function table(head, rows) {
  return [row(head), row(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n');
}

/** `series`: a line, or bars where `kind` says so, for each list of numbers. */
export function plot({ title, x, y, least, kind = 'line' }, series) {
  const quote = (text) => `"${text}"`;
  const most = Math.max(...series.flat());
  return [
    '```mermaid',
    'xychart-beta',
    `  title ${quote(title)}`,
    `  x-axis [${x.map(quote).join(', ')}]`,
    `  y-axis ${quote(y)} ${least} --> ${Number((most * 1.05).toPrecision(3))}`,
    ...series.map((values) => `  ${kind} [${values.join(', ')}]`),
    '```',
  ].join('\n');
}

export const count = (value) => value.toLocaleString('en-US');
