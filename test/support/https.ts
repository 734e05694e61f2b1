/** A web server with a certificate of its own, for what machines fetch. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

export interface WebServer {
  /** "https://localhost:PORT" */
  readonly origin: string;
  /** Makes curl, wget and Python believe the certificate. */
  readonly env: Readonly<Record<string, string>>;
  /** What was asked for: path, and the range where one was. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Answers each path by its function. */
export async function serveHttps(
  paths: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>,
): Promise<WebServer> {
  const dir = mkdtempSync(join(tmpdir(), 'toa-bake-https-'));
  const [key, cert, wgetrc] = ['key.pem', 'cert.pem', 'wgetrc'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await execa('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert]);
  writeFileSync(wgetrc, `ca_certificate = ${cert}\n`);
  const asked: string[] = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    asked.push([request.url, request.headers.range].filter(Boolean).join(' '));
    const answer = paths[request.url ?? ''];
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, 'localhost', listening));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `https://localhost:${port}`,
    env: { CURL_CA_BUNDLE: cert, SSL_CERT_FILE: cert, WGETRC: wgetrc },
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      rmSync(dir, { recursive: true });
    },
  };
}
