// Writes the support matrix of README.md, between its marks, from the catalog: node scripts/support.mjs [--check]
import { readFileSync } from 'node:fs';
import { readTables, writePage } from './page.mjs';

const PAGE = 'README.md';
const [BEGIN, END] = ['<!-- support: node scripts/support.mjs -->\n', '<!-- /support -->\n'];

const { TARGETS, DISTRIBUTIONS, availableMethods, chooseMethod } = await readTables(`
  export { TARGETS } from './src/plan/targets.ts';
  export { DISTRIBUTIONS } from './src/catalog/distributions/index.ts';
  export { availableMethods, chooseMethod } from './src/plan/method.ts';
`);

/** Releases that differ in neither evidence nor architectures nor methods share a line. */
function printTable() {
  const lines = DISTRIBUTIONS.flatMap((distribution) => {
    const ids = distribution.releases.map(({ release }) => `${distribution.id}-${release}`);
    const rows = TARGETS.filter(({ id }) => ids.includes(id));
    return group(rows, (row) => shared(row).join()).map((alike) => printLine(distribution, alike));
  });
  return `| distribution | kernels | \`auto\` takes | methods | architectures | evidence |\n|---|---|---|---|---|---|\n${lines.join('')}`;
}

const shared = (row) => [availableMethods(row).join(', '), row.arches.join(', '), row.evidence];

function printLine(distribution, rows) {
  const named = (some) =>
    some.map(({ id }) => id.slice(distribution.id.length + 1).replace('stream-', 'Stream ')).join(', ');
  const kernels = rows.flatMap((row) => row.kernels).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const span = [...new Set([kernels[0], kernels.at(-1)])].join(' to ');
  const taken = group(rows, automatic).map((alike) => [automatic(alike[0]), named(alike)]);
  const auto = taken.filter(([how]) => how).map(([how, some]) => `${some}${how === 'all' ? '' : ` (${how})`}`);
  return `| ${[`${distribution.name} ${named(rows)}`, span, auto.join('; '), ...shared(rows[0])].join(' | ')} |\n`;
}

/** On which of the row's architectures `method: auto` picks something: "all", or their names. */
function automatic(target) {
  const wanted = { os: target.id, trust: 'any', at: [], own: [] };
  const taken = target.arches.filter((arch) => 'method' in chooseMethod({ ...wanted, arch }, target));
  return taken.length === target.arches.length ? 'all' : taken.join(', ');
}

function group(rows, key) {
  return [
    ...rows.reduce((groups, row) => groups.set(key(row), [...(groups.get(key(row)) ?? []), row]), new Map()).values(),
  ];
}

const page = readFileSync(PAGE, 'utf8');
const [before, rest = ''] = page.split(BEGIN);
const after = rest.split(END)[1];
if (after === undefined) throw new Error(`${PAGE} has no marks for the support matrix`);
writePage(PAGE, `${before}${BEGIN}${printTable()}${END}${after}`, 'scripts/support.mjs');
