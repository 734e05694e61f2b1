// What is wished for, as data: each budget finds its figure in docs/performance.json. `least`: the figure must not be below.

const first = ({ readers }) => readers.figures[0];
const instructions = (state, name) => (data) =>
  first(data).instructions[state][name] / first(data).instructions.none[name];
const process = (name, key) => (data) => data.program.figures.processes[name][key];

function toValidate(kind) {
  return ({ program }) => {
    const { processes } = program.figures;
    return processes[`guestfish, ${kind}`].cpu / processes[`validate, ${kind}`].cpu;
  };
}

/** CPU time of the upper half of a row of figures by that of the lower half, each for one more. */
const bend = (what) => (data) => {
  const rows = data.scale.figures[what];
  const [low, middle, high] = [rows[0], rows[rows.length >> 1], rows.at(-1)];
  return (high.cpu - middle.cpu) / (high.n - middle.n) / ((middle.cpu - low.cpu) / (middle.n - low.n));
};

const most = (what) => (data) => Math.max(...data.scale.figures[what].map(({ megabytes }) => megabytes));

export const BUDGETS = [
  { what: 'user-data of the default target, bytes', of: userData('bytes'), most: 12_288 },
  { what: 'the same where it fetches the script (`payload`), bytes', of: userData('fetched'), most: 12_288 },
  { what: '`render` of one target ÷ `node -e 0`, CPU time', of: process('toa-bake render', 'cpuRatio'), most: 2.5 },
  {
    what: '`render` of one target on every distribution ÷ `node -e 0`, CPU time',
    of: process('toa-bake render, all targets', 'cpuRatio'),
    most: 20,
  },
  { what: '`validate` of a raw image ÷ `node -e 0`, CPU time', of: process('validate, raw', 'cpuRatio'), most: 5 },
  { what: '`validate` of a qcow2 image ÷ `node -e 0`, CPU time', of: process('validate, qcow2', 'cpuRatio'), most: 5 },
  { what: '`validate` of a qcow2 image, MB of memory', of: process('validate, qcow2', 'megabytes'), most: 150 },
  { what: 'guestfish ÷ `validate`, raw, CPU time', of: toValidate('raw'), least: 40 },
  { what: 'guestfish ÷ `validate`, qcow2, CPU time', of: toValidate('qcow2'), least: 40 },
  { what: '`plan`: one more of many targets ÷ one more of few', of: bend('plan'), most: 1.5 },
  { what: '`render`: one more of many targets ÷ one more of few', of: bend('render'), most: 1.5 },
  { what: '`validate`: one more of many images ÷ one more of few', of: bend('validate'), most: 1.5 },
  { what: '`validate` of 50 images, MB of memory', of: most('validate'), most: 200 },
  { what: 'module: connection without the option ÷ no reader', of: instructions('module', 'plain'), most: 1.006 },
  { what: 'module: connection over loopback ÷ no reader', of: instructions('module', 'loopback'), most: 1.006 },
  { what: 'module: connection with the option ÷ no reader', of: instructions('module', 'ack'), most: 1.02 },
  {
    what: 'module: the same with 10,000 trusted networks ÷ no reader',
    of: instructions('module-many', 'ack'),
    most: 1.02,
  },
  { what: 'module: getpeername ÷ no reader', of: instructions('module', 'name'), most: 1.05 },
];

function userData(key) {
  return ({ userData }) => userData.figures.module[key];
}

/** Whether a figure keeps to its budget; undefined where it could not be measured. */
export function verdict({ most, least }, value) {
  if (value === undefined || Number.isNaN(value)) return undefined;
  return most === undefined ? value >= least : value <= most;
}
