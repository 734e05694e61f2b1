// Writes docs/reliability.md, what goes wrong and what is so afterwards: node scripts/reliability.mjs [--check]
import { readTables, writePage } from './page.mjs';

const row = (...cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
const table = (head, rows) => [row(...head), row(...head.map(() => '---')), ...rows].join('\n');

function printReceipt(receipt) {
  if (receipt === null) return 'none is written';
  const { result, step, reason } = receipt;
  return `${result}, ${step}${reason ? `: “… ${reason} …”` : ''}`;
}

function printFaults(faults) {
  const rows = Object.values(faults).map(({ fault, done, end, code, receipt, where }) =>
    row(fault, done, end, [code].flat().join(', '), printReceipt(receipt), where),
  );
  return table(['fault', 'what is done', 'what is so afterwards', 'exit', 'receipt', 'shown in a'], rows);
}

function printCuts({ CUTS, JOURNEYS, BOOTS }) {
  const sections = Object.entries(JOURNEYS).map(([journey, { words }]) => {
    const cuts = CUTS.filter((cut) => cut.journey === journey);
    const rows = cuts.map((cut) =>
      row(
        cut.step,
        cut.words,
        cut.synced ? 'all' : 'what was waited for',
        cut.boots.map((boot) => BOOTS[boot]).join('; or '),
      ),
    );
    return `### ${words}\n\n${table(['step', 'the power goes when', 'on the disk', 'the next boot is'], rows)}\n`;
  });
  return sections.join('\n');
}

const tables = await readTables(
  `export { FAULTS } from './test/support/faults.ts'; export { BOOTS, CUTS, JOURNEYS } from './test/support/cuts.ts';`,
);
const page = `# What goes wrong, and what is so afterwards

Each row is a test, and this page is made of the tests' own tables by \`node scripts/reliability.mjs\`. A fake root is a folder with what the row
is about for real (a file system that is full, apt and dpkg, a lock), tried under dash, bash and busybox; a VM is a Debian 12 that boots.

## Faults

${printFaults(tables.FAULTS)}

## Power cuts

QEMU is killed at each of ${tables.CUTS.length} points, in a Debian 12. Then the machine boots; each file of ours must be the old one, the new one, or not
there, and the index of all other modules unchanged. Then the same command is run again: it must end well, connections must show their
clients, and the names of all files must be those of a machine that was never cut off. A marker stands on the disk while the kernel takes the
reader: a power cut then looks like a crash of the kernel, and is treated like one.

${printCuts(tables)}`;
writePage('docs/reliability.md', page, 'scripts/reliability.mjs');
