// What every command of a checkout needs first: npm packages, Debian packages, the built program. Runs on Node alone.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, statSync } from 'node:fs';

/** Runs a command with its output shown; ends this process with its status if it fails. */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status === 0) return;
  console.error(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`);
  process.exit(status ?? 1);
}

/** npm packages, exactly those of the lock file; only where they are missing or older than it. */
export function installNpmPackages() {
  // Another checkout's: npm would empty the folder that the link leads to.
  if (lstatSync('node_modules', { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const mark = 'node_modules/.package-lock.json';
  if (existsSync(mark) && statSync(mark).mtimeMs >= statSync('package-lock.json').mtimeMs) return;
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** Debian packages: installed as root, else named. */
export function installDebianPackages(names) {
  const missing = names.filter((name) => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholder
    const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
    return !stdout?.endsWith(' installed');
  });
  if (missing.length === 0) return;
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  if (process.getuid?.() !== 0) {
    console.error(`missing Debian packages; as root: apt-get ${install.join(' ')}`);
    process.exit(1);
  }
  process.env.DEBIAN_FRONTEND = 'noninteractive';
  spawnSync('apt-get', ['update', '-q'], { stdio: 'inherit' });
  run('apt-get', ['-q', ...install]);
}

export function buildProgram() {
  run('node', ['scripts/build.mjs']);
}
