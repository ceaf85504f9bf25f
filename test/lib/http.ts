import { get } from 'node:http';
import { sleep } from './waiting';

/** How long a server may take to listen. */
const DEADLINE_MS = 20_000;

/** The body of an answer, asked for over a connection of its own that is closed afterwards. Waits for the server to listen. */
export async function fetchOnce(url: string): Promise<string> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      return await attempt(url);
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${url} does not answer`, { cause: error });
      await sleep(100);
    }
  }
}

function attempt(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // agent: false sends `Connection: close`. A connection that is kept open would keep the server from moving.
    const request = get(url, { agent: false, timeout: 5_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve(body);
      });
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 5 s')));
    request.on('error', reject);
  });
}
