import type { Pinned, Plan } from '../plan/types.ts';
import type { Problem } from '../spec/types.ts';
import type { Artifact, Local } from './types.ts';

/** The folder beside install-toa.sh for files that the spec names by path. */
export const FOLDER = 'toa-files';

/** Files of the plan that were read here. */
export function localFiles({ pinned }: Plan): readonly Pinned[] {
  return pinned.filter(({ path }) => path !== undefined);
}

/** Where such a file lies, seen from install-toa.sh: its own name as far as every machine takes it, and no other file's. */
export function placeBeside({ path = '', sha256 }: Pinned): string {
  const name = path.replace(/.*\//, '').replace(/[^A-Za-z0-9._+-]/g, '_');
  return `${FOLDER}/${sha256.slice(0, 12)}-${name.slice(-80)}`;
}

/** The plan's files beside an install-toa.sh in this folder, each once. */
export function renderLocal(plan: Plan, folder: string, local: Local | undefined): readonly Artifact[] {
  const places = new Map(localFiles(plan).map((file) => [placeBeside(file), file.sha256]));
  return [...places].map(([place, sha256]) => {
    const content = local?.get(sha256);
    if (!content) throw new Error(`nobody has read the file whose sha256 is ${sha256}`);
    return { path: `${folder}/${place}`, mode: 0o644, content };
  });
}

/** Why there is no user-data of the plan; undefined: there is. */
export function userDataProblem(plan: Plan): Problem | undefined {
  if (plan.signing && 'brought' in plan.signing) return keyProblem(plan.id, plan.signing.brought.at);
  const [file] = localFiles(plan);
  if (!file) return undefined;
  return {
    code: 'file/user-data',
    severity: 'error',
    path: [...file.at, 'path'],
    message: `user-data of ${plan.id} cannot carry the file ${JSON.stringify(file.path)}: expected a url, from which the machine fetches it`,
    hint: 'serve the file by https and write url; or use the script or Packer, which take the file along',
  };
}

/** Whoever may look at the machine's metadata may read user-data. */
function keyProblem(id: string, at: Problem['path']): Problem {
  return {
    code: 'signing/user-data',
    severity: 'error',
    path: at,
    message: `user-data of ${id} must not carry the signing key: expected the script or Packer, to which the key is brought`,
    hint: 'bake an image, which needs no user-data of ours; or let each machine make its own key by signing: {onMachine: true}',
  };
}
