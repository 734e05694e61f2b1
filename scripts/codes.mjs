// Writes docs/codes.md, the page of every code: node scripts/codes.mjs [--check]
import { readTables, writePage } from './page.mjs';

function printPage({ CODES, CHECKS }) {
  const areas = [...new Set(Object.keys(CODES).map((code) => code.split('/')[0]))].sort();
  const sections = areas.map((area) => {
    const codes = Object.entries(CODES).filter(([code]) => code.startsWith(`${area}/`));
    return `## ${area}\n\n${codes.map(([code, row]) => printCode(code, row, CHECKS)).join('\n')}`;
  });
  return `# Every code

What toa-bake prints in brackets at the end of a message. Codes are public: one never changes its meaning. \`toa-bake explain CODE\` says
the same. Those of \`validate\` have a severity; one about a kernel that does not boot next is a warning. Made by \`node scripts/codes.mjs\`.

${sections.join('\n')}`;
}

function printCode(code, { title, why, cure }, checks) {
  const check = checks.find((one) => one.code === code);
  const severity = check ? ` (validate: ${check.severity})` : '';
  return `### ${code}\n\n**${sentence(title)}**${severity}\n\n${why}\n\nWhat to do: ${cure}\n`;
}

function sentence(title) {
  return `${title[0].toUpperCase()}${title.slice(1)}.`;
}

const tables = await readTables(
  `export { CODES } from './src/report/codes.ts'; export { CHECKS } from './src/checks/index.ts';`,
);
writePage('docs/codes.md', printPage(tables), 'scripts/codes.mjs');
