/** Tar archives, byte by byte: also those that no tar would make. */

export interface TarEntry {
  readonly name: string;
  /** As in the header: 0 a file, 1 a hard link, 2 a symbolic one, 3 a device, 5 a folder. */
  readonly type?: '0' | '1' | '2' | '3' | '5';
  readonly content?: string | Buffer;
  /** Where a link leads. */
  readonly link?: string;
}

export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocks), Buffer.alloc(1024)]);
}

function blocks({ name, type = '0', content = '', link = '' }: TarEntry): readonly Buffer[] {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  const put = (text: string, at: number): number => header.write(text, at, 'latin1');
  put(name, 0);
  put(type === '5' ? '0000755' : '0000644', 100);
  put('0000000', 108);
  put('0000000', 116);
  put(bytes.length.toString(8).padStart(11, '0'), 124);
  put('00000000000', 136);
  put('        ', 148);
  put(type, 156);
  put(link, 157);
  put('ustar\x0000', 257);
  put(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}
