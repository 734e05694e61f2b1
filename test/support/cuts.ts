/** Where the power is cut in test/vm/powercut.matrix.ts, and what the machine must be at its next boot. docs/reliability.md shows it. */

/** What is running when the power goes, and on which machine. */
export const JOURNEYS = {
  first: { words: 'the first `all`', command: 'sh /root/new.sh all' },
  over: { words: '`all` of a new version over one that works', command: 'sh /root/new.sh all' },
  update: { words: '`update` after a kernel was removed', command: 'toa-setup update' },
  repair: { words: '`repair`', command: 'toa-setup repair' },
  uninstall: { words: "`uninstall`, which gives back somebody's toa.conf", command: 'toa-setup uninstall' },
} as const;

/** How the machine boots afterwards, before anybody touches it. */
export const BOOTS = {
  none: 'without a reader, as before',
  works: 'with a reader that works',
  banned: 'without a reader: the load is not tried again, and `status` says so',
} as const;

/** One point. `at`: before, during or after the first call of a program that the pattern fits; nothing happens after it. */
export interface Cut {
  readonly journey: keyof typeof JOURNEYS;
  readonly step: string;
  readonly at: string;
  readonly words: string;
  /** More than one where it hangs on what the disk had written by itself. */
  readonly boots: readonly (keyof typeof BOOTS)[];
  /** Without a reader that was built before. */
  readonly compiles?: true;
  /** All that was done has reached the disk; elsewhere only what toa-setup waited for, and what the kernel wrote by itself. */
  readonly synced?: true;
}

const placing = (path: string) => `before mv -f *.toa-new ${path}`;

const first = { journey: 'first', boots: ['none'] } as const;
const over = { journey: 'over', boots: ['works'] } as const;
const uninstall = { journey: 'uninstall', synced: true, boots: ['none'] } as const;
const receipt = {
  step: 'receipt',
  at: placing('/var/lib/toa/receipt.json'),
  words: 'the receipt is written, not in place',
} as const;

/** In the order in which toa-setup comes by. */
export const CUTS: readonly Cut[] = [
  { ...first, step: 'preflight', at: 'before uname -m', words: 'nothing is written yet' },
  { ...first, step: 'deps', at: 'dpkg', words: 'a package is unpacked, not configured', synced: true },
  { ...first, step: 'build', at: 'during gcc-12 *toa.c', words: 'the compiler is at work', compiles: true },
  {
    ...first,
    ...{ step: 'build', at: placing('/var/lib/toa/built/*'), words: 'the reader is built, not kept', compiles: true },
  },
  { ...first, step: 'install', at: placing('/usr/local/sbin/toa-setup'), words: 'toa-setup is written, not in place' },
  {
    ...first,
    ...{ step: 'install', at: 'after mv -f *.toa-new /etc/systemd/system/toa.service', words: 'the unit is in place' },
    synced: true,
  },
  { ...first, step: 'install', at: placing('/lib/modules/*'), words: 'the reader is written, not in place' },
  { ...first, step: 'install', at: 'before depmod *', words: 'the reader is in place, not in the index', synced: true },
  { ...first, step: 'install', at: 'during depmod *', words: 'the index is being written', synced: true },
  { ...first, step: 'enable', at: 'before systemctl enable *', words: 'before the units are enabled' },
  {
    ...first,
    ...{ step: 'load', at: 'before sync /var/lib/toa/loading.*', words: 'the marker is there, not on the disk' },
    boots: ['works', 'banned', 'none'],
  },
  { ...first, step: 'load', at: 'before modprobe toa', words: 'the marker is on the disk', boots: ['banned'] },
  { ...first, step: 'load', at: 'during modprobe toa', words: 'the kernel takes the reader', boots: ['banned'] },
  {
    ...first,
    ...{ step: 'load', at: 'after rm /var/lib/toa/loading.*', words: 'the marker is gone, here and on the disk' },
    ...{ synced: true, boots: ['works'] },
  },
  { ...first, step: 'verify', at: 'during python3 *', words: 'connections are tried', boots: ['works'] },
  { ...first, ...receipt, boots: ['works'] },
  {
    ...over,
    ...{ step: 'install', at: placing('/usr/local/lib/toa/method.sh'), words: 'some files are new, some old' },
    synced: true,
  },
  {
    ...over,
    ...{ step: 'install', at: 'after mv -f *.toa-new /lib/modules/*', words: 'the new reader has the old index' },
    synced: true,
  },
  {
    ...over,
    ...{ step: 'load', at: 'after modprobe -qr toa', words: 'the old reader is unloaded, the new one not loaded' },
    boots: ['banned'],
  },
  { ...over, ...receipt },
  {
    ...{ ...over, journey: 'update', step: 'update' },
    ...{ at: 'before rmdir /lib/modules/*', words: "the removed kernel's reader is half cleared away", synced: true },
  },
  {
    ...{ ...over, journey: 'repair', step: 'load' },
    ...{ at: 'before modprobe toa', words: 'the marker is on the disk', boots: ['banned'] },
  },
  { ...uninstall, step: 'disable', at: 'before modprobe -r toa', words: 'not loaded at boot any more, still loaded' },
  { ...uninstall, step: 'remove', at: 'after rm -f /etc/toa/toa.env*', words: 'half of the files are removed' },
  { ...uninstall, step: 'remove', at: 'before depmod *', words: 'the files are removed, the index is the old one' },
  {
    ...uninstall,
    step: 'remove',
    at: 'before rm -rf /var/lib/toa/files *',
    words: 'only what toa-setup remembers is left',
  },
];
