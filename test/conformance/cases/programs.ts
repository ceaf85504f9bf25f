/** The servers of test/conformance/cases/servers.ts. Those with state answer with a reading, as JSON. */

export const ASYNCIO = `
import asyncio, json, os
born, served, ticks = os.urandom(8).hex(), 0, 0
async def tick():
    global ticks
    while True:
        ticks += 1
        await asyncio.sleep(0.01)
async def main():
    task = asyncio.create_task(tick())
    child = await asyncio.create_subprocess_exec('cat', stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    lock = asyncio.Lock()
    async def handle(reader, writer):
        global served
        await reader.readuntil(b'\\r\\n\\r\\n')
        async with lock:
            served += 1
            child.stdin.write(b'echo\\n')
            echo = (await child.stdout.readline()).decode().strip()
        body = json.dumps({'same': {'born': born, 'echo': echo, 'child': child.pid}, 'grows': {'served': served, 'ticks': ticks}})
        writer.write(('HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n%s' % (len(body), body)).encode())
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(handle, '0.0.0.0', 8000)
    async with server: await server.serve_forever()
asyncio.run(main())
`;

export const NODE = `
const http = require('node:http'), fs = require('node:fs'), crypto = require('node:crypto');
const born = crypto.randomBytes(8).toString('hex');
const held = new Map(Array.from({ length: 50000 }, (_, n) => ['key' + n, { n, text: 'value ' + n * 7919 }]));
let served = 0, ticks = 0;
setInterval(() => ticks++, 10);
http.createServer((request, response) => {
  fs.readFile('/etc/passwd', 'utf8', (error, passwd) => {
    served++;
    const digest = crypto.createHash('sha256').update(JSON.stringify([...held])).digest('hex');
    const same = { born, digest, size: held.size, passwd, pid: process.pid };
    response.setHeader('Connection', 'close');
    response.end(JSON.stringify({ same, grows: { served, ticks } }));
  });
}).listen(8000);
`;

export const JAVA = `
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicLong;

public class Main {
  public static void main(String[] args) throws Exception {
    String born = UUID.randomUUID().toString();
    Map<String, String> held = new ConcurrentHashMap<>();
    for (int n = 0; n < 50000; n++) held.put("key" + n, "value " + n * 7919L);
    AtomicLong ticks = new AtomicLong(), served = new AtomicLong();
    Executors.newScheduledThreadPool(2).scheduleAtFixedRate(ticks::incrementAndGet, 0, 10, TimeUnit.MILLISECONDS);
    HttpServer server = HttpServer.create(new InetSocketAddress(8000), 0);
    server.createContext("/", exchange -> {
      System.gc();
      int digest = new TreeMap<>(held).hashCode();
      byte[] body = String.format(
          "{\\"same\\": {\\"born\\": \\"%s\\", \\"digest\\": %d, \\"size\\": %d, \\"pid\\": %d}, \\"grows\\": {\\"served\\": %d, \\"ticks\\": %d}}",
          born, digest, held.size(), ProcessHandle.current().pid(), served.incrementAndGet(), ticks.get()).getBytes();
      exchange.getResponseHeaders().set("Connection", "close");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    server.setExecutor(Executors.newFixedThreadPool(4));
    server.start();
  }
}
`;

/** A shell script; its argument is more of the configuration. */
export const NGINX = `
mkdir -p /srv /tmp/nginx
echo 'a page of nginx' >/srv/page
cat >/tmp/nginx.conf <<END
$1
daemon off; error_log /dev/null; pid /tmp/nginx.pid;
events { worker_connections 64; }
http {
  access_log /tmp/access.log;
  keepalive_timeout 0;
  client_body_temp_path /tmp/nginx/body; proxy_temp_path /tmp/nginx/proxy; fastcgi_temp_path /tmp/nginx/fastcgi;
  uwsgi_temp_path /tmp/nginx/uwsgi; scgi_temp_path /tmp/nginx/scgi;
  server {
    listen 8000;
    location / { root /srv; }
    location /status { stub_status; }
  }
}
END
exec nginx -c /tmp/nginx.conf
`;
