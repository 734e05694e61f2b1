// The page's parts about whole processes, about many targets and images, and about user-data.

import { count, plot, table } from './markdown.mjs';

export function printProgram({ image, processes, startup }) {
  const rows = Object.entries(processes).map(([name, figures]) =>
    figures.failed
      ? [`\`${name}\``, `did not run: ${figures.failed}`, '', '', '', '']
      : [
          `\`${name}\``,
          count(figures.wall),
          count(figures.cpu),
          figures.cpuRatio.toFixed(2),
          figures.ratio.toFixed(2),
          count(figures.megabytes),
        ],
  );
  const shown = Object.entries(processes).filter(([, { failed, cpuRatio }]) => !failed && cpuRatio < 20);
  return `Medians of runs in turns; the target is Debian 12 of [examples/toa.yaml](../examples/toa.yaml), the user-data and the template that
\`cloud-init schema\` and \`packer validate\` judge are those that \`render\` wrote. \`validate\`, guestfish, virt-cat and a loop mount read the same files of
one image, a whole Debian of ${image.gigabytes.toFixed(1)} GiB with ${image.used} GiB in use, of which \`validate\` reads ${count(image.bytesRead.raw)} bytes (qcow2: ${count(image.bytesRead.qcow2)}). guestfish and
virt-cat boot a machine, here without KVM, which would take about a quarter of the time; they run once. By the clock, which the host's other
work disturbs most, guestfish took ${processes['guestfish, raw'].toValidate} times as long as \`validate\` did in the same round for raw, ${processes['guestfish, qcow2'].toValidate} times for qcow2.

${table(['process', 'ms', 'ms of CPU', 'CPU ÷ `node -e 0`', 'time ÷ `node -e 0`', 'MB at most'], rows)}

${plot(
  {
    title: 'CPU time, in times of node -e 0',
    x: shown.map(([name]) => name.replace('toa-bake ', '')),
    y: 'times node -e 0',
    least: 0,
    kind: 'bar',
  },
  [shown.map(([, { cpuRatio }]) => cpuRatio)],
)}

Where a start's time goes, by V8's samples (Node's own start is before the first of them):

${startupTable(startup)}`;
}

function startupTable(startup) {
  const commands = Object.keys(startup);
  const owners = Object.keys(startup[commands[0]].shares);
  return table(
    ['', ...commands.map((name) => `\`${name}\``)],
    [
      ['our files that are loaded', ...commands.map((name) => count(startup[name].files))],
      ['their bytes', ...commands.map((name) => count(startup[name].bytes))],
      ...owners.map((owner) => [owner, ...commands.map((name) => `${startup[name].shares[owner]} %`)]),
    ],
  );
}

export function printScale({ plan, render, validate }) {
  const part = (name, what, rows) =>
    `${table(
      [`\`${name}\` of`, 'seconds', 's of CPU', 'ms of CPU for each more', 'MB at most'],
      rows.map(({ n, wall, cpu, megabytes }) => [
        `${n} ${what}${n > 1 ? 's' : ''}`,
        wall.toFixed(2),
        cpu.toFixed(2),
        n === rows[0].n ? '' : (((cpu - rows[0].cpu) * 1000) / (n - rows[0].n)).toFixed(1),
        count(megabytes),
      ]),
    )}

${plot({ title: `${name}: CPU seconds`, x: rows.map(({ n }) => n), y: 's of CPU', least: 0 }, [rows.map(({ cpu }) => cpu)])}`;
  return `Targets are all rows of the catalog on all their architectures, which are ${render.at(-1).n}: a spec takes each once. Images are names of
one image, so that the disk is not what is measured.

${part('plan', 'target', plan)}

${part('render', 'target', render)}

${part('validate', 'image', validate)}

Each figure is the least of several runs. \`render\` writes all targets or none, and so holds what it will write: its memory grows with them.
\`validate\` looks at as many images at a time as there are CPUs, and keeps of each only what the report says: ${perImage(validate)} MB for each one more.`;
}

/** Beyond what looking at several at a time takes anyway. */
function perImage(rows) {
  const [, few, , many] = rows;
  return ((many.megabytes - few.megabytes) / (many.n - few.n)).toFixed(1);
}

export function printUserData(userData) {
  const rows = Object.entries(userData).map(([method, { target, bytes, gzip, fetched }]) => [
    `\`${method}\`, ${target}`,
    count(bytes),
    count(gzip),
    count(Math.ceil(bytes / 3) * 4),
    count(fetched),
  ]);
  return `${table(['method', 'bytes', 'as gzip', 'in base64', 'with `payload: {url}`'], rows)}

${plot(
  {
    title: 'user-data: embedded (bars that clouds with 16 KB refuse), bytes',
    x: Object.keys(userData),
    y: 'bytes',
    least: 0,
    kind: 'bar',
  },
  [Object.values(userData).map(({ bytes }) => bytes)],
)}`;
}
