import type { Plan } from '../plan/types.ts';

/** The plan as /etc/toa/toa.env: lines KEY='value', which toa-setup reads as data. The keys are the ones it knows, in its order. */
export function renderEnv(plan: Plan): string {
  const { target } = plan;
  const values = {
    TOA_TARGET: plan.id,
    TOA_OS_ID: target.osId,
    TOA_OS_VERSION: target.versionId,
    TOA_MACHINE: plan.machine,
    TOA_METHOD: plan.method,
    TOA_MODULE: plan.module ?? '',
    TOA_KINDS: plan.kinds.join(','),
    TOA_PACKAGE_MANAGER: target.packageManager,
    TOA_BUILD_PACKAGES: target.buildPackages.join(' '),
    TOA_HEADERS: target.headers.map((rule) => `${rule.match}=${rule.packages.join(',')}`).join(' '),
    TOA_KERNEL_FROM: plan.kernelRange?.from ?? '',
    TOA_KERNEL_TO: plan.kernelRange?.to ?? '',
    TOA_BOOT_FILE: target.bootFile,
    TOA_PYTHON: target.python.join(' '),
    TOA_REBOOT: plan.reboot,
    TOA_ON_FAILURE: plan.onFailure,
  };
  return Object.entries(values)
    .map(([key, value]) => `${key}='${quotable(value)}'\n`)
    .join('');
}

/** /etc/toa/trusted: one network a line, or the word any. */
export function renderTrusted(plan: Plan): string {
  return [plan.trust]
    .flat()
    .map((network) => `${network}\n`)
    .join('');
}

/** No value has a reason to hold a quote or a control character; one that does is a bug in the catalog or the schema. */
function quotable(value: string): string {
  if (!/^[ -&(-~]*$/.test(value)) throw new Error(`not fit for the env file: ${JSON.stringify(value)}`);
  return value;
}
