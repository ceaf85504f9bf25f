import { NodeProgram } from './node-program';
import { mustRun } from './lab-tools';
const p = new NodeProgram('test/lib/driver-program.ts');
try {
 console.log(mustRun('lab/node-exec',['node-a','criu','--version']));
 console.log(p.run('node-a', ['probeCriu']));
 mustRun('lab/node-exec',['node-a','sh','-c','rm -f /usr/local/sbin/criu; mv /usr/sbin/criu /usr/sbin/criu.away']);
 console.log(p.run('node-a', ['probeCriu']));
 mustRun('lab/node-exec',['node-a','sh','-c','mv /usr/sbin/criu.away /usr/sbin/criu; ls /run/transship; ps ax | grep "[s]leep 60"; true']);
} finally { p.remove(); }
