// Writes docs/performance.md from docs/performance.json, which `npm run bench` fills: node scripts/performance.mjs [--check]

import { readFileSync } from 'node:fs';
import { printBudgets } from './bench/page-budgets.mjs';
import { printProgram, printScale, printUserData } from './bench/page-program.mjs';
import { printDecision, printReaders } from './bench/page-readers.mjs';
import { writePage } from './page.mjs';

const data = JSON.parse(readFileSync('docs/performance.json', 'utf8'));
const { host } = data.program;

const page = `# What it costs

Made by \`npm run bench\`, which measures all of it anew (as root on Debian, about half an hour), keeps the figures in
[performance.json](performance.json) and writes this page from them; \`npm run bench -- readers=trixie-backports\`, \`program\`, \`scale\` or
\`userData\` does one part. Only ratios within one run mean something: the machine was one with ${host.cpus} CPUs that other work shared (${host.load}
processes wanted them at a time), and kernels ran in QEMU ${host.qemu} without hardware help. What is counted in instructions repeats to the third
digit whatever else runs; of processes the CPU time (user and system) is given beside the time by the clock. Node ${host.node}, Packer ${host.packer},
cloud-init ${host.cloudInit}, guestfish ${host.guestfish}.

## Budgets

${printBudgets(data)}

## The readers

${printReaders(data.readers.figures)}

## What \`auto\` picks, and why

${printDecision(data)}

## The tool, as whole processes

${printProgram(data.program.figures)}

## From one to many

${printScale(data.scale.figures)}

## User-data

${printUserData(data.userData.figures)}
`;
writePage('docs/performance.md', page, 'scripts/performance.mjs');
