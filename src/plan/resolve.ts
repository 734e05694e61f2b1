import { CLOUDS } from '../catalog/clouds.ts';
import { GUEST_FILES, type GuestFile } from '../catalog/guest.ts';
import { PROVEN } from '../catalog/kernels.ts';
import { SIGNING_PACKAGES } from '../catalog/methods.ts';
import { nearest } from '../spec/nearest.ts';
import type { Problem, Spec, Wanted } from '../spec/types.ts';
import { show } from '../spec/validate.ts';
import { fileProblems, fileWarnings } from './files.ts';
import { chooseMethod, type MethodChoice } from './method.ts';
import { settingPath } from './setting.ts';
import { signingOf, signingProblems, signingWarnings } from './signing.ts';
import { findTarget, TARGETS, type Target } from './targets.ts';
import { believesAll, plainNetworks, trustWarnings } from './trust.ts';
import type { Choice, Plan, Signing } from './types.ts';

/** `uname -m` by the architecture's name in a spec. */
const MACHINE = { x86_64: 'x86_64', arm64: 'aarch64' } as const;

/** Spec x catalog -> one plan a target, and everything that stands in the way, all at once. Pure. */
export function resolve(spec: Spec): { readonly plans: readonly Plan[]; readonly problems: readonly Problem[] } {
  const results = spec.wanted.map(resolveTarget);
  const plans = results.flatMap((r) => r.plan ?? []);
  return {
    plans,
    problems: [...results.flatMap((r) => r.problems), ...twice(spec, plans), ...shared(plans)].filter(isFirst),
  };
}

function resolveTarget(wanted: Wanted): { readonly plan?: Plan; readonly problems: readonly Problem[] } {
  const target = findTarget(wanted.os);
  if (!target) return { problems: [unknownTarget(wanted)] };
  const choice = chooseMethod(wanted, target);
  const method = 'method' in choice ? choice.method : undefined;
  const problems = [
    ...settingProblems(wanted, target),
    ...fileProblems(wanted, method),
    ...signingProblems(wanted, method),
    ...('problem' in choice ? [choice.problem] : []),
  ];
  if ('problem' in choice || problems.length > 0) return { problems };
  return { plan: makePlan(wanted, target, choice), problems: [] };
}

type MadeChoice = Exclude<MethodChoice, { problem: Problem }>;

function makePlan(wanted: Wanted, target: Target, choice: MadeChoice): Plan {
  const arch = wanted.arch ?? 'x86_64';
  const untrusted = untrustedOf(wanted, choice.method);
  const signing = signingOf(wanted, choice.method);
  const plan = {
    plan: 1,
    id: arch === 'x86_64' ? target.id : `${target.id}-${arch}`,
    target,
    arch,
    machine: MACHINE[arch],
    method: choice.method.id,
    module: wanted.files?.[0]?.layout?.module ?? choice.method.module,
    proven: choice.proven,
    kernelRange: choice.proven ? (PROVEN[choice.method.id]?.[arch] ?? null) : null,
    buildPackages: [...target.buildPackages, ...(signing ? SIGNING_PACKAGES : [])],
    kinds: wanted.option?.kinds ?? [254],
    trust: believesAll(wanted.trust) ? 'any' : plainNetworks([wanted.trust ?? []].flat()),
    untrusted,
    onUpgrade: wanted.kernel?.onUpgrade ?? 'rebuild',
    reboot: wanted.boot?.reboot ?? 'if-needed',
    onFailure: wanted.boot?.onFailure ?? 'continue',
    secureBoot: wanted.secureBoot ?? 'off',
    signing,
    pinned: (wanted.files ?? []).map((file, i) => ({ ...file, at: [...settingPath(wanted, 'files'), i] })),
    payload: wanted.payload && target.cloudInit ? { ...wanted.payload, at: settingPath(wanted, 'payload') } : null,
    clouds: CLOUDS.filter((cloud) => wanted.clouds?.includes(cloud.id)),
    files: GUEST_FILES.filter((file) => travels(file, choice, target, wanted)),
    warnings: [
      ...trustWarnings(wanted),
      ...untrustedWarnings(wanted, untrusted),
      ...fileWarnings(wanted),
      ...signingWarnings(wanted, choice.method),
    ],
  } as const;
  return { ...plan, choices: explainChoices(plan, choice) };
}

/** What is to become of the option from elsewhere where the reader itself cannot tell. */
function untrustedOf({ trust, untrusted }: Wanted, { filters }: MadeChoice['method']): Plan['untrusted'] {
  return filters || believesAll(trust) ? null : (untrusted ?? 'strip');
}

function travels({ when = {} }: GuestFile, { method, proven }: MadeChoice, target: Target, wanted: Wanted): boolean {
  const filter = untrustedOf(wanted, method) !== null;
  return (
    (when.onUpgrade === undefined || when.onUpgrade === wanted.kernel?.onUpgrade) &&
    (when.method?.includes(method.id) ?? true) &&
    (when.proven ?? proven) === proven &&
    (when.packageManager?.includes(target.packageManager) ?? true) &&
    (when.bootFile ?? target.bootFile) === target.bootFile &&
    (when.filter ?? filter) === filter &&
    (when.signing === undefined || signingOf(wanted, method) !== null)
  );
}

function explainChoices(plan: Omit<Plan, 'choices'>, { method, why }: MadeChoice): readonly Choice[] {
  const { target } = plan;
  return [
    { what: 'method', value: plan.method, why },
    {
      what: 'trust',
      value: plan.trust === 'any' ? 'any' : plan.trust.join(', '),
      why: 'peers whose option is believed; from the spec',
    },
    ...(plan.untrusted ? [explainUntrusted(plan.untrusted)] : []),
    { what: 'kinds', value: plan.kinds.join(', '), why: 'TCP option kinds that are read' },
    ...plan.pinned.map(({ role, url, path, release, sha256 }) => ({
      what: 'file',
      value: `${role} ${url ?? path}`,
      why: `${url ? 'fetched by the machine' : 'read here, travels beside the script and by Packer'}, sha256 ${sha256}${release ? `, for kernel ${release} and no other` : ''}`,
    })),
    ...(plan.payload
      ? [
          {
            what: 'payload',
            value: plan.payload.url,
            why: 'user-data is small and fetches script/install-toa.sh from there: upload it, and again when it changes',
          },
        ]
      : []),
    ...(method.compiles ? [explainPackages(plan)] : []),
    ...(plan.signing ? [explainSigning(plan.signing)] : []),
    { what: 'boot file', value: target.bootFile, why: BOOT_FILE[target.bootFile] },
    {
      what: 'onFailure',
      value: plan.onFailure,
      why:
        plan.onFailure === 'fail'
          ? 'toa-ready.target is not reached without a reader'
          : 'the machine serves without a reader and says so',
    },
    {
      what: 'onUpgrade',
      value: plan.onUpgrade,
      why:
        plan.onUpgrade === 'hold'
          ? "the kernel's packages are held back: they get no security updates until uninstall, or until the spec says rebuild"
          : 'built for each new kernel when it is installed, before it boots',
    },
    {
      what: 'reboot',
      value: plan.reboot,
      why:
        plan.reboot === 'never'
          ? 'the machine is never rebooted'
          : 'once, after cloud-init, and only if the module fits the next kernel but not the running one',
    },
    ...(target.cloudInit
      ? []
      : [
          {
            what: 'cloud-init',
            value: 'none',
            why: 'no usable cloud-init on this release: only the script is rendered',
          },
        ]),
  ];
}

function explainUntrusted(untrusted: 'strip' | 'drop'): Choice {
  const why = {
    strip: 'the reader believes everybody, so packet-filter rules take the option from all other peers before it looks',
    drop: 'the reader believes everybody, so packet-filter rules drop what carries the option and comes from other peers',
  };
  return { what: 'untrusted', value: untrusted, why: why[untrusted] };
}

function explainSigning({ key }: Signing): Choice {
  const why = {
    once: 'the key is brought for the build, and leaves: by Packer, or by you in /run/toa-signing',
    kept: 'the key is brought, by Packer or by you in /run/toa-signing, and stays in /etc/toa/signing for later kernels',
    made: 'each machine has a key of its own, which somebody enrols at its console',
  };
  return { what: 'signing', value: key, why: why[key] };
}

/** A setting that nothing carries out must not pass in silence. */
function untrustedWarnings(wanted: Wanted, untrusted: Plan['untrusted']): readonly Problem[] {
  if (wanted.untrusted !== 'drop' || untrusted !== null) return [];
  const message = believesAll(wanted.trust)
    ? 'untrusted is "drop"; with everybody trusted there is nobody to drop'
    : 'untrusted is "drop"; this reader keeps to the trust list itself, and ignores the option from elsewhere instead';
  return [
    {
      code: 'target/untrusted',
      severity: 'warning',
      path: settingPath(wanted, 'untrusted'),
      message,
      hint: 'leave untrusted out: nobody outside the list is believed either way',
    },
  ];
}

function explainPackages({ buildPackages, target }: Pick<Plan, 'buildPackages' | 'target'>): Choice {
  const { headers, packageManager } = target;
  return {
    what: 'packages',
    value: [...buildPackages, ...headers.flatMap((rule) => rule.packages)].join(', '),
    why: `installed by ${packageManager} where missing; {release} is each kernel's`,
  };
}

const BOOT_FILE: Readonly<Record<Target['bootFile'], string>> = {
  'systemd-unit': 'toa.service loads the reader before the network is up',
  'sysconfig-modules': '/etc/sysconfig/modules/toa.modules, as on the vendor page: there is no systemd',
  'etc-modules': 'a line in /etc/modules: there is no systemd',
};

function unknownTarget({ os, at, own }: Wanted): Problem {
  const similar = nearest(
    os,
    TARGETS.map((t) => t.id),
  );
  return {
    code: 'target/unknown',
    severity: 'error',
    path: own.length > 1 ? [...at, 'os'] : at,
    message: `unknown distribution ${show(os)}; expected an id such as debian-12`,
    hint: `the nearest known id is ${similar}; \`toa-bake targets\` lists them all`,
  };
}

function settingProblems(wanted: Wanted, target: Target): readonly Problem[] {
  const error = (code: Problem['code'], path: Problem['path'], message: string, hint?: string): Problem => ({
    code,
    severity: 'error',
    path,
    message,
    ...(hint && { hint }),
  });
  const problems: Problem[] = [];
  if (wanted.arch && !target.arches.includes(wanted.arch)) {
    problems.push(
      error(
        'target/arch',
        settingPath(wanted, 'arch'),
        `arch is ${show(wanted.arch)}; ${target.id} has ${target.arches.join(', ')}`,
      ),
    );
  }
  return problems;
}

/** Two entries that would be written to the same place. */
function twice(spec: Spec, plans: readonly Plan[]): readonly Problem[] {
  const ids = spec.wanted.map((w) => `${w.os} (${w.arch ?? 'x86_64'})`);
  if (plans.length < 2) return [];
  return spec.wanted.flatMap((wanted, i): Problem[] =>
    ids.indexOf(ids[i] ?? '') === i
      ? []
      : [
          {
            code: 'target/twice',
            severity: 'error',
            path: wanted.at,
            message: `${ids[i]} is listed twice; expected each target once`,
          },
        ],
  );
}

/** An address serves one script, and each target has its own. */
function shared(plans: readonly Plan[]): readonly Problem[] {
  return plans.flatMap(({ payload }): Problem[] => {
    const ids = plans.filter((other) => payload && other.payload?.url === payload.url).map(({ id }) => id);
    if (!payload || ids.length < 2) return [];
    return [
      {
        code: 'payload/shared',
        severity: 'error',
        path: [...payload.at, 'url'],
        message: `payload.url is the same for ${ids.join(', ')}; expected an address for each, since each has a script of its own`,
        hint: 'write payload in each target: {os: debian-12, payload: {url: https://…/debian-12/install-toa.sh}}',
      },
    ];
  });
}

/** A fault at the top shows in every target that inherits it: say it once. */
function isFirst(problem: Problem, index: number, all: readonly Problem[]): boolean {
  return all.findIndex((p) => p.message === problem.message && String(p.path) === String(problem.path)) === index;
}
