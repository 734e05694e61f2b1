import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PROBE = fileURLToPath(new URL('../../guest/toa-probe', import.meta.url));

const SUPPORT = fileURLToPath(new URL('../support/', import.meta.url));

/** What the machine that runs the tests can do: nothing in the probe's answer may depend on anything else. */
const HAS_IPV6 = existsSync('/proc/net/if_inet6');

interface Case {
  readonly name: string;
  readonly kind: number;
  readonly listener: string;
  readonly source: string;
  readonly option: string | null;
  readonly expected: string;
  readonly accept: string;
  readonly getpeername: string;
  readonly ok: boolean;
}

interface Report {
  readonly probe: number;
  readonly result: string;
  readonly reason: string;
  readonly cases: readonly Case[];
  readonly skipped: readonly { readonly name: string; readonly kind: number; readonly reason: string }[];
}

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'toa-bake-probe-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** Every Python of this machine: pyenv's, where it is used, and the system's. */
function interpreters(): readonly string[] {
  const pyenv = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  const versions = existsSync(pyenv) ? readdirSync(pyenv).map((version) => join(pyenv, version, 'bin/python')) : [];
  return ['/usr/bin/python3', '/usr/bin/python2.7', ...versions].filter(existsSync);
}

async function run(command: readonly string[]) {
  const [program = '', ...args] = command;
  return await execa(program, args, { reject: false, timeout: 60_000 });
}

async function probe(trust: string, args: readonly string[] = [], python = '/usr/bin/python3') {
  const file = join(directory, 'trusted');
  await writeFile(file, trust);
  const { stdout, exitCode } = await run([python, PROBE, '--trust', file, ...args]);
  return { exitCode, report: JSON.parse(stdout) as Report };
}

const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
const host = (address: string) => address.replace(/^\[?(?:::ffff:)?(.*?)\]?:\d+$/, '$1');

/** Without a reader, every server sees the address that the packets come from, whatever the option says. */
function expectScrubberEverywhere(cases: readonly Case[]) {
  expect(cases.length).toBeGreaterThan(0);
  for (const { accept, getpeername, source } of cases) {
    expect(getpeername).toBe(accept);
    expect([host(accept), accept.split(':').at(-1)]).toEqual([host(source), source.split(':').at(-1)]);
  }
}

describe.each(interpreters())('%s', (python) => {
  it('sees the scrubber in every case where no reader is loaded, and calls that a failure', async () => {
    const { exitCode, report } = await probe('# scrubber\n\n198.51.100.0/24 # one\n', [], python);
    expect(report).toMatchObject({ probe: 1, result: 'fail' });
    expect(exitCode).toBe(1);
    const dual = HAS_IPV6 ? ['trusted-dual'] : [];
    expect(names(report.cases)).toEqual(['control', 'trusted-ipv4', ...dual, 'untrusted-ipv4']);
    expectScrubberEverywhere(report.cases);
    expect(names(report.cases.filter(({ ok }) => ok))).toEqual(['control', 'untrusted-ipv4']);
    expect(report.reason).toContain('trusted-ipv4');
    expect(report.reason).toContain(report.cases[1]?.accept);
  });
});

describe('what is tried', () => {
  it('uses a source inside and one outside of the trusted networks, and a client that is neither', async () => {
    const { report } = await probe('198.51.100.0/24\n203.0.113.0/24\n');
    const [control, trusted] = report.cases;
    expect(host(trusted?.source ?? '')).toMatch(/^198\.51\.100\./);
    expect(host(control?.source ?? '')).toBe(host(trusted?.source ?? ''));
    expect(control?.option).toBeNull();
    expect(trusted?.option).toBe('192.0.2.77:5077');
    expect(trusted?.expected).toBe('192.0.2.77:5077');
    const untrusted = report.cases.at(-1);
    expect(host(untrusted?.source ?? '')).not.toMatch(/^(198\.51\.100|203\.0\.113)\./);
    expect(untrusted?.expected).toBe(untrusted?.source);
    const dual = report.cases.find(({ listener }) => listener === 'dual');
    expect(dual?.expected).toBe(HAS_IPV6 ? '[::ffff:192.0.2.77]:5077' : undefined);
  });

  it.each([
    ['10.1.2.0/24', '10.1.2.1'],
    ['100.64.7.9/32', '100.64.7.9'],
    ['100.64.7.8/31', '100.64.7.8'],
    ['100.64.7.9', '100.64.7.9'],
    ['192.0.2.0/24\n198.51.100.0/24\n203.0.113.0/24', '192.0.2.77'],
    ['2001:db8::/32\n100.64.0.0/10', '100.64.0.1'],
    ['0.0.0.0/1', '10.77.77.77'],
  ])('finds a trusted source in %j: %s', async (trust, source) => {
    const { report } = await probe(trust);
    expect(report.result).toBe('fail');
    expect(host(report.cases[0]?.source ?? '')).toBe(source);
    expectScrubberEverywhere(report.cases);
  });

  it('tries every kind that is asked for', async () => {
    const { report } = await probe('198.51.100.0/24', ['--kinds', '254,200']);
    expect(new Set(report.cases.map(({ kind }) => kind))).toEqual(new Set([254, 200]));
    const ports = report.cases.map(({ source }) => source.split(':').at(-1));
    expect(new Set(ports).size).toBe(report.cases.length);
  });

  it('knows the kind whose option has no port', async () => {
    const { report } = await probe('198.51.100.0/24', ['--kinds', '28']);
    const [, trusted] = report.cases;
    expect(trusted).toMatchObject({
      option: '192.0.2.77:5077',
      expected: `192.0.2.77:${trusted?.source.split(':')[1]}`,
    });
  });

  it.each(['any', '0.0.0.0/0'])('has no untrusted source where %s is trusted', async (trust) => {
    const { exitCode, report } = await probe(`${trust}\n`);
    expect(exitCode).toBe(1);
    expectScrubberEverywhere(report.cases);
    expect(names(report.cases)).not.toContain('untrusted-ipv4');
    expect(report.skipped.at(-1)).toEqual({
      name: 'untrusted-ipv4',
      kind: 254,
      reason: 'no IPv4 source is untrusted',
    });
  });

  it('connects over IPv6 where only IPv6 networks are trusted', async () => {
    const { exitCode, report } = await probe('2001:db8:1::/48\n');
    if (!HAS_IPV6) {
      expect([report.result, exitCode]).toEqual(['unknown', 3]);
      return;
    }
    expect([report.result, exitCode]).toEqual(['fail', 1]);
    expect(names(report.cases)).toEqual(['control', 'trusted-dual', 'untrusted-ipv4']);
    expect(report.cases[1]).toMatchObject({
      source: '[2001:db8:1::1]:20002',
      accept: '[2001:db8:1::1]:20002',
      expected: '[::ffff:192.0.2.77]:5077',
      ok: false,
    });
    expect(names(report.skipped)).toEqual(['trusted-ipv4']);
  });

  it('cannot tell whether a reader works where nothing is trusted', async () => {
    const { exitCode, report } = await probe('# nobody yet\n');
    expect([report.result, exitCode]).toEqual(['unknown', 3]);
    expect(names(report.cases)).toEqual(['control', 'untrusted-ipv4']);
    expectScrubberEverywhere(report.cases);
    expect(report.reason).toMatch(/no network is trusted/);
  });
});

describe('what cannot be tried', () => {
  it.each([
    ['not-a-network', 'not a network: not-a-network'],
    ['198.51.100.1/24', 'not a network: 198.51.100.1/24'],
    ['198.51.100.0/33', 'not a network: 198.51.100.0/33'],
    ['198.51.100.0/-1', 'not a network: 198.51.100.0/-1'],
    ['2001:db8::/129', 'not a network: 2001:db8::/129'],
    ['198.51.100.0/', 'not a network: 198.51.100.0/'],
    ['198.51.100', 'not a network: 198.51.100'],
  ])('refuses %s in the trust list', async (line, message) => {
    const file = join(directory, 'bad');
    await writeFile(file, `203.0.113.0/24\n${line}\n`);
    const { exitCode, stdout, stderr } = await run(['/usr/bin/python3', PROBE, '--trust', file]);
    expect(stderr.split('\n')[0]).toBe(`toa-probe: ${message}`);
    expect([exitCode, stdout]).toEqual([2, '']);
  });

  it.each([
    ['a file that is not there', ['--trust', '/nonexistent/trusted'], '/nonexistent/trusted'],
    ['an unknown option', ['--trust', '/dev/null', '--nonsense', '1'], 'expected options with values'],
    ['an argument', ['--trust', '/dev/null', 'nonsense'], 'expected options with values'],
    ['a kind that is no number', ['--trust', '/dev/null', '--kinds', 'x'], "'x'"],
    ['a kind of more than a byte', ['--trust', '/dev/null', '--kinds', '300'], 'kinds from 28 to 254'],
  ])('refuses %s with usage', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await run(['/usr/bin/python3', PROBE, ...args]);
    expect(stderr).toContain(message);
    expect(stderr).toContain('usage: toa-probe');
    expect([exitCode, stdout]).toEqual([2, '']);
  });

  it('does not know where it may not look', async () => {
    const copy = join(directory, 'toa-probe');
    await copyFile(PROBE, copy);
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    await run(['chmod', '-R', 'a+rX', directory]);
    const { exitCode, stdout } = await run([...nobody, '/usr/bin/python3', copy, '--trust', '/dev/null']);
    const report = JSON.parse(stdout) as Report;
    expect([report.result, exitCode]).toEqual(['unknown', 3]);
    expect(report.reason).toBe('no network namespace: Operation not permitted');
  });

  it('does not know where there is no TUN device', async () => {
    const hide = 'mount -t tmpfs none /dev/net && exec "$@"';
    const command = ['/usr/bin/python3', PROBE, '--trust', '/dev/null'];
    const { exitCode, stdout } = await run(['unshare', '--mount', 'sh', '-c', hide, 'sh', ...command]);
    const report = JSON.parse(stdout) as Report;
    expect([report.result, exitCode]).toEqual(['unknown', 3]);
    expect(report.reason).toContain('/dev/net/tun');
  });
});

/** A conversation with a server that is slow to read and answers at length, in the namespace that the process is in. */
const CONVERSATION = `
import socket, sys, threading
sys.path.insert(0, sys.argv[4])
import talk
probe = talk.load(sys.argv[1])
own, peer = sys.argv[2:4]
tun = probe.open_tun([(own, peer)])
listener = socket.socket(socket.AF_INET6 if ':' in own else socket.AF_INET)
listener.bind((own, 0))
listener.listen(1)

def serve():
    server, name = listener.accept()
    request = server.makefile('rb').readline()
    server.sendall(name[0].encode() + b' ' + str(name[1]).encode() + b' ' + request + b'x' * 200000)
    server.close()

thread = threading.Thread(target=serve)
thread.start()
client = talk.talking(probe)(tun)
client.connect(peer, own, 4567, listener.getsockname()[1], probe.toa(254, '192.0.2.9', 99))
client.send(b'GET ' + b'/' * 3000 + b'\\r\\n')
answer = client.recv_all()
client.close()
thread.join()
line, rest = answer.split(b'\\r\\n')
print(line.decode().split(' ')[:2], len(line), rest == b'x' * 200000)
`;

it.each([['192.0.2.1', '198.51.100.2'], ...(HAS_IPV6 ? [['2001:db8::1', '2001:db8:1::2']] : [])])(
  'lends its client to others: %s talks to %s',
  async (own = '', peer = '') => {
    const command = ['unshare', '--net', '/usr/bin/python3', '-c', CONVERSATION, PROBE, own, peer, SUPPORT];
    const { stdout, stderr } = await run(command);
    expect([stdout, stderr]).toEqual([`['${peer}', '4567'] ${peer.length + 3010} True`, '']);
  },
);

it('leaves the network of the machine as it was', async () => {
  const state = async () =>
    (await run(['sh', '-c', 'ls /sys/class/net; cat /proc/net/route /proc/net/fib_trie'])).stdout;
  const before = await state();
  await probe('198.51.100.0/24');
  expect(await state()).toBe(before);
});

it('fits into user-data: comments apart, about three kilobytes as gzip', async () => {
  const { stdout } = await run(['sh', '-c', `sed '/^ *#[^!]/d' '${PROBE}' | gzip -9n | wc -c`]);
  expect(Number(stdout)).toBeLessThan(3300);
});
