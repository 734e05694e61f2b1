import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { EXIT, type Io, processIo } from './io.ts';

const EPILOGUE = `
Exit codes: 0 all holds · 1 spec invalid, a check failed, or output not writable · 2 usage · 3 could not be determined · 70 a bug

A first tour:
  toa-bake init --os debian-12 --trust 203.0.113.0/24   write a commented toa.yaml
  toa-bake plan                                         see what would be done, and why
  toa-bake render -o out                                write user-data and install script of every target
`;

/** argv (without node and script) -> exit code. Each command is loaded only when it is called. */
export async function main(argv: readonly string[], io: Io = processIo): Promise<number> {
  let code: number = EXIT.ok;
  const program = new Command('toa-bake')
    .description(
      'From one spec: user-data and install scripts that give servers behind a layer-4 DDoS scrubber their clients’ addresses.',
    )
    .version(packageJson.version)
    .addHelpText('after', EPILOGUE)
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError('hint: toa-bake --help lists commands and options');
  const spec = (command: Command): Command => command.argument('[SPEC]', 'the spec', 'toa.yaml');

  program
    .command('init')
    .description('write a commented spec to start from; renders nothing')
    .option('-o, --output <file>', 'where to write it', 'toa.yaml')
    .addOption(new Option('--os <id...>', 'targets, as `toa-bake targets` lists them').default(['debian-12']))
    .addOption(
      new Option('--trust <cidr...>', 'networks whose option is believed, or any').default(
        ['203.0.113.0/24'],
        'a documentation network, to be replaced',
      ),
    )
    .option('--force', 'overwrite a file that is there')
    .action(async (options) => {
      code = (await import('./init.ts')).initCommand(io, options);
    });
  spec(program.command('plan'))
    .description('say what will be done on each target, and why; writes nothing')
    .option('--json', 'the whole plans as one JSON document')
    .action(async (file, options) => {
      code = (await import('./plan.ts')).planCommand(io, file, options);
    });
  spec(program.command('render'))
    .description('write DIR/TARGET/cloud-init/user-data and DIR/TARGET/script/install-toa.sh for every target')
    .option('-o, --output <dir>', 'where to write', nonEmpty, 'out')
    .addOption(new Option('--only <kind>', 'write one kind of file').choices(['cloud-init', 'script']))
    .option('--check', 'write nothing; exit 1 if what is there differs')
    .option('--force', 'overwrite files that are not ours, or were edited')
    .action(async (file, options) => {
      code = (await import('./render.ts')).renderCommand(io, file, options);
    });
  program
    .command('targets')
    .description('list every supported target with its evidence')
    .option('--json', 'the whole rows as one JSON document')
    .action(async (options) => {
      code = (await import('./targets.ts')).targetsCommand(io, options);
    });
  program
    .command('explain')
    .description('say what the code at the end of a message means, why it matters and how to mend it')
    .argument('<CODE>', 'such as spec/network')
    .action(async (name) => {
      code = (await import('./explain.ts')).explainCommand(io, name);
    });

  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    io.err(
      `bug in toa-bake, please report it with your spec:\n${error instanceof Error ? error.stack : String(error)}\n`,
    );
    return EXIT.bug;
  }
}

function nonEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('expected a directory');
  return value;
}
