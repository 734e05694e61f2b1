import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { printable } from '../report/printable.ts';
import { EXIT, type Io, processIo } from './io.ts';

const ABOUT =
  'Servers behind a layer-4 DDoS scrubber see its address as every client’s. From one spec, toa-bake writes the cloud-init ' +
  'user-data and the install scripts that make accept() return the real one, from the TCP option (TOA) the scrubber adds.';

const EPILOGUE = `
Exit codes: 0 all holds · 1 spec invalid, a check failed, or output not writable · 2 usage, or no target fits · 3 could not be determined · 70 a bug

A first tour:
  toa-bake init --os debian-12 --trust 203.0.113.0/24   write a commented toa.yaml
  toa-bake plan                                         see what would be done, and why
  toa-bake render -o out                                write user-data and install script of every target
  toa-bake validate image.qcow2                         say whether clients will show on what boots from it
`;

const RENDER_EPILOGUE = `
Writes, for each target T of the spec, all or nothing:
  DIR/T/cloud-init/user-data     paste it where your cloud asks for user-data; user-data.gz where the cloud takes it only compressed,
                                 user-data.mime with --merge
  DIR/T/packer/                  a template: packer init . && packer build .
  DIR/T/terraform/               a module without providers: user_data, user_data_base64, user_data_bytes, user_data_sha256
  DIR/T/script/install-toa.sh    the same without cloud-init: sh install-toa.sh all
  DIR/.toa-bake.json             remembers what was written, so that files of others, or edited since, are never overwritten

In a pipeline, commit DIR and run render --check: it writes nothing, and exits 1 where DIR is not what the spec gives.
`;

const EXPLAIN_EPILOGUE = `
Messages end with their code: "error: trust[0] is ... [spec/network]". Codes never change their meaning.
`;

const WHAT = 'a root directory, a tar, a disk image, saved facts, local, or ssh://user@host';

const VALIDATE_EPILOGUE = `
Exit codes: 0 all holds (warnings aside) · 1 something does not · 2 no target of the spec fits · 3 something could not be determined.
The image is only read. Without --spec and without a receipt on the machine, trust and option kinds are reported as unknown.
`;

/** argv (without node and script) -> exit code. Each command is loaded only when it is called. */
export async function main(argv: readonly string[], io: Io = processIo): Promise<number> {
  let code: number = EXIT.ok;
  const safe: Io = { ...io, out: (text) => io.out(printable(text)) };
  const program = describeProgram(safe, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const stack = error instanceof Error ? error.stack : String(error);
    io.err(`bug in toa-bake, please report it with your spec:\n${printable(String(stack))}\n`);
    return EXIT.bug;
  }
}

function describeProgram(io: Io, done: (code: number) => void): Command {
  const program = new Command('toa-bake')
    .description(ABOUT)
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', EPILOGUE)
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: (text) => io.err(printable(text)) })
    .showHelpAfterError('hint: toa-bake --help lists commands, toa-bake help COMMAND its options');
  const spec = (command: Command): Command => command.argument('[SPEC]', 'the spec', 'toa.yaml');

  program
    .command('init')
    .summary('write a commented spec to start from')
    .description('Write a commented spec to start from; renders nothing.')
    .option('-o, --output <file>', 'where to write it', notEmpty, 'toa.yaml')
    .addOption(new Option('--os <id...>', 'targets, as `toa-bake targets` lists them').default(['debian-12']))
    .addOption(
      new Option('--trust <cidr...>', 'networks whose option is believed, or the word any').default(
        ['203.0.113.0/24'],
        '203.0.113.0/24, an example to be replaced',
      ),
    )
    .option('--force', 'overwrite a file that is there')
    .action(async (options) => done((await import('./init.ts')).initCommand(io, options)));
  spec(program.command('plan'))
    .summary('say what will be done on each target, and why')
    .description('Say what will be done on each target of the spec, and why; writes nothing.')
    .option('--json', 'the whole plans and all problems as one JSON document')
    .action(async (file, options) => done((await import('./plan.ts')).planCommand(io, file, options)));
  spec(program.command('render'))
    .summary('write user-data, Packer template, Terraform module and install script')
    .description('Write user-data, Packer template, Terraform module and install script of every target of the spec.')
    .option('-o, --output <dir>', 'where to write', notEmpty, 'out')
    .addOption(
      new Option('--only <kind>', 'write one kind of file').choices(['cloud-init', 'packer', 'terraform', 'script']),
    )
    .option(
      '--merge <user-data>',
      'your own user-data, whatever its form: it and ours become one, neither losing anything',
      notEmpty,
    )
    .option('--check', 'write nothing; exit 1 if what is there differs')
    .option('--force', 'overwrite files that are not ours, or were edited')
    .addHelpText('after', RENDER_EPILOGUE)
    .action(async (file, options) => done(await (await import('./render.ts')).renderCommand(io, file, options)));
  program
    .command('validate')
    .summary('judge images, roots, or machines')
    .description('Judge images, root directories, or machines: will clients show, on the kernel that boots next?')
    .argument('<WHAT...>', WHAT)
    .option('--spec <spec>', 'judge by this spec; else by what the machine says it was made from', notEmpty)
    .addOption(
      new Option('--format <format>', 'how to say it').choices(['text', 'json', 'junit', 'html']).default('text'),
    )
    .option('-o, --output <file>', 'where to write it, in place of stdout', notEmpty)
    .option('--strict', 'warnings count as failures')
    .option('--boot', 'also boot a throw-away overlay of the image in QEMU, and probe it')
    .option('--probe', 'on a running machine, also send connections that carry the option, in a namespace of their own')
    .addHelpText('after', VALIDATE_EPILOGUE)
    .action(async (whats, options) => done(await (await import('./validate.ts')).validateCommand(io, whats, options)));
  program
    .command('facts')
    .summary('collect what a machine is, to be judged later')
    .description('Collect what a machine is, as JSON; `toa-bake validate FILE.json` judges it later, or elsewhere.')
    .argument('<WHAT>', WHAT)
    .option('-o, --output <file>', 'where to write it, in place of stdout', notEmpty)
    .action(async (what, options) => done(await (await import('./facts.ts')).factsCommand(io, what, options)));
  program
    .command('targets')
    .summary('list every known target with its evidence')
    .description('List every known target: its kernels, the methods it can have, and how far each row was proven.')
    .option('--json', 'the whole rows as one JSON document')
    .action(async (options) => done((await import('./targets.ts')).targetsCommand(io, options)));
  program
    .command('explain')
    .summary('say what a message means and how to mend it')
    .description('Say what the code at the end of a message means, why it matters, and how to mend it.')
    .argument('<CODE>', 'such as spec/network')
    .addHelpText('after', EXPLAIN_EPILOGUE)
    .action(async (name) => done((await import('./explain.ts')).explainCommand(io, name)));
  return program;
}

function notEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('expected a name');
  return value;
}
