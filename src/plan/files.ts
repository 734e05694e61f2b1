import { METHODS, type Method } from '../catalog/methods.ts';
import type { FileRef, Problem, Wanted } from '../spec/types.ts';
import { settingPath } from './setting.ts';

/** What is wrong with the files of a target: each by itself, and all of them with its method. */
export function fileProblems(wanted: Wanted, method: Method | undefined): readonly Problem[] {
  const files = wanted.files ?? [];
  const path = settingPath(wanted, 'files');
  const each = files.flatMap((file, i) =>
    [...placeProblems(file, i), ...(method ? fitProblems(file, i, method) : [])].map((p) => ({
      ...p,
      path: [...path, i],
    })),
  );
  return [...each, ...(method ? setProblems(files, method).map((p) => ({ ...p, path })) : [])];
}

/** What the validator would say of a reader that it does not know. */
export function fileWarnings(wanted: Wanted): readonly Problem[] {
  return (wanted.files ?? []).flatMap(({ layout }, i): Problem[] => {
    if (KNOWN_READERS.includes(layout?.module ?? 'toa')) return [];
    const message = `files[${i}].layout.module is ${layout?.module}: toa-bake validate knows readers named toa and vtoa only`;
    const path = [...settingPath(wanted, 'files'), i, 'layout', 'module'];
    return [{ code: 'target/module-name', severity: 'warning', path, message }];
  });
}

const KNOWN_READERS: readonly string[] = METHODS.flatMap(({ module }) => module ?? []);

type Said = Omit<Problem, 'path'>;

function said(code: Problem['code'], message: string, hint?: string): Said {
  return { code, severity: 'error', message, ...(hint && { hint }) };
}

function placeProblems({ url, path }: FileRef, i: number): readonly Said[] {
  if ((url === undefined) !== (path === undefined)) return [];
  const seen = url === undefined ? 'neither' : 'both';
  return [said('spec/file', `files[${i}] has ${seen} of url and path; expected exactly one`)];
}

function fitProblems({ role, release, layout }: FileRef, i: number, { id, roles }: Method): readonly Said[] {
  if (!roles.includes(role)) {
    const takes = roles.length > 0 ? `takes ${roles.join(', ')}` : 'takes no files';
    return [said('target/files', `files[${i}] has role ${role}; method ${id} ${takes}`, HINT)];
  }
  if (PINNED_KERNEL.includes(role) && release === undefined) {
    return [
      said(
        'target/files',
        `files[${i}] has no release; expected the kernel release that it is for`,
        'modinfo -F vermagic FILE begins with it; of a package, rpm -qp FILE names it',
      ),
    ];
  }
  if (layout !== undefined && role !== 'source') {
    return [said('target/files', `files[${i}] has role ${role} and a layout; expected a layout with role source only`)];
  }
  return [];
}

const PINNED_KERNEL: readonly FileRef['role'][] = ['module', 'kernel'];

const HINT = 'name the method that the file is for, or leave the file out';

/** What one file cannot show. */
function setProblems(files: readonly FileRef[], { id, roles }: Method): readonly Said[] {
  const [needed] = roles;
  if (needed === undefined) return [];
  const fitting = files.filter(({ role }) => role === needed);
  if (fitting.length === 0) {
    const hint = `files: [{url: https://…, sha256: …, role: ${needed}}]`;
    return [said('target/files', `method ${id} needs a file of role ${needed}; none is pinned`, hint)];
  }
  const one = needed === 'kernel' || (needed === 'source' && fitting.some(({ layout }) => layout !== undefined));
  if (one && fitting.length > 1) {
    return [
      said(
        'target/files',
        `${fitting.length} files have role ${needed}; expected one${needed === 'source' ? ' where a layout is given' : ''}`,
      ),
    ];
  }
  const releases = fitting.map(({ release }) => release);
  const double = needed === 'module' ? releases.find((release, i) => releases.indexOf(release) !== i) : undefined;
  if (double === undefined) return [];
  return [said('target/files', `two files of role module are for kernel ${double}; expected one a kernel`)];
}
