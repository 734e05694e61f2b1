import type { Plan } from '../plan/types.ts';
import type { Layout } from '../spec/types.ts';
import { placeBeside } from './local.ts';

/**
 * The plan as /etc/toa/toa.env: lines KEY='value', which toa-setup reads as data. It knows these keys, wants each, and none empty.
 *
 * TOA_OS is ID of os-release, `uname -m` and VERSION_ID. TOA_KERNELS is the first and the last series that are accepted.
 */
export function renderEnv(plan: Plan): string {
  const { target, kernelRange } = plan;
  const values = {
    TOA_TARGET: plan.id,
    TOA_OS: `${target.osId} ${plan.machine} ${target.versionId}`,
    TOA_METHOD: plan.method,
    TOA_KINDS: kindsOf(plan),
    TOA_KERNELS: kernelRange ? `${kernelRange.from}-${kernelRange.to}` : '0-999',
    TOA_PACKAGE_MANAGER: target.packageManager,
    TOA_BUILD_PACKAGES: plan.buildPackages.join(' '),
    // GLOB=PACKAGE[,PACKAGE] ...: the first glob that fits the kernel's release wins.
    TOA_HEADERS: target.headers.map((rule) => `${rule.match}=${rule.packages.join(',')}`).join(' '),
    TOA_BOOT_FILE: target.bootFile,
    // How toa-ready.target depends on toa.service.
    TOA_READY: plan.onFailure === 'fail' ? 'Requires' : 'Wants',
    TOA_ON_UPGRADE: plan.onUpgrade,
    TOA_REBOOT: plan.reboot,
    // For people: where packages are that the mirrors have no more. Only this key may be missing.
    ...(target.archive && { TOA_ARCHIVE: target.archive.location }),
    ...partValues(plan),
  };
  return Object.entries(values)
    .map(([key, value]) => `${key}='${quotable(value)}'\n`)
    .join('');
}

/** In the order in which the module lists them, so that the two can be compared. */
export function kindsOf({ kinds }: Plan): string {
  return [...kinds].sort((a, b) => b - a).join(',');
}

/** What the method's part of toa-setup reads besides. */
function partValues({
  method,
  module,
  pinned,
  untrusted,
  signing,
  target: { vendorReader },
}: Plan): Readonly<Record<string, string>> {
  return {
    ...(method !== 'module' && module !== null && { TOA_MODULE: module }),
    ...(method === 'vtoa' &&
      vendorReader && {
        TOA_READER_PACKAGE: vendorReader.package,
        TOA_READER_UNIT: vendorReader.unit,
        TOA_READER_KERNEL: vendorReader.kernelMin,
      }),
    ...(untrusted && { TOA_UNTRUSTED: untrusted }),
    ...(signing && { TOA_SIGNING: signing.key }),
    ...(method === 'source' && layoutValues(module, pinned[0]?.layout)),
  };
}

/** - is what the machine decides: the folder by its kernel. */
function layoutValues(module: string | null, layout: Layout | undefined): Readonly<Record<string, string>> {
  return {
    TOA_DIRECTORY: layout?.directory ?? '-',
    TOA_PRODUCES: layout?.produces ?? `${module}.ko`,
    TOA_MAKE: layout?.make?.join(' ') || '-',
  };
}

/** /etc/toa/files: ROLE RELEASE SHA256 PLACE, one file a line; RELEASE is - where it is for any kernel. */
export function renderFiles(plan: Plan): string {
  return plan.pinned
    .map((file) => `${file.role} ${file.release ?? '-'} ${file.sha256} ${file.url ?? placeBeside(file)}\n`)
    .join('');
}

/** /etc/toa/trusted: one network a line, or the word any. */
export function renderTrusted(plan: Plan): string {
  return [plan.trust]
    .flat()
    .map((network) => `${network}\n`)
    .join('');
}

/** No value has a reason to be empty or to hold a quote, a backslash or a control character; one that does is a bug in the catalog or the schema. */
function quotable(value: string): string {
  if (!/^[ !#-&(-[\]-~]+$/.test(value)) throw new Error(`not fit for the env file: ${JSON.stringify(value)}`);
  return value;
}
