import type { Check } from '../../api/types';
import { blocking } from '../node-checks';

/**
 * The instruction sets that a program may have found on the source and go on using on the target, by the names of
 * /proc/cpuinfo: what CRIU compares with `--cpu-cap ins` (criu/arch/x86/cpu.c), and what came to processors since. Not
 * among them: what only a kernel uses, and what a kernel makes up (mitigations, `constant_tsc`, `rep_good`).
 *
 * CRIU itself compares nothing by default: it restores the extended state of the processor (xsave) and lets the program
 * find out. A state that the target does not have (avx, avx512f, amx_tile, pku) is refused by the kernel then, and an
 * instruction that it does not have kills the program later, with SIGILL.
 */
const INSTRUCTION_SETS =
  /^(fpu|fxsr|xgetbv1|xsave(opt|c|s)?|mmx(ext)?|3dnow(ext|prefetch)?|sse|sse2|pni|ssse3|sse4_[12]|sse4a|misalignsse|avx\w*|fma|fma4|f16c|xop|tbm|bmi[12]|abm|popcnt|movbe|adx|aes|vaes|pclmulqdq|vpclmulqdq|sha_ni|sha512|sm[34]|gfni|rdrand|rdseed|rdpid|rdtscp|fsgsbase|cx8|cx16|cmov|clflush|clflushopt|clwb|cldemote|clzero|movdiri|movdir64b|erms|fsrm|hle|rtm|mpx|pku|ospke|waitpkg|serialize|tsxldtrk|amx_\w+|user_shstk|lahf_lm|syscall|sep|tsc)$/;

/** Those of a processor's flags that matter to a program. All that arm64 shows do: they are what it offers to programs. */
export function instructionSets(machine: string, flags: readonly string[]): string[] {
  const known = machine === 'x86_64' ? flags.filter((flag) => INSTRUCTION_SETS.test(flag)) : flags;
  return [...new Set(known)].sort();
}

/** What the source's processor can and the target's cannot. */
export function cpuChecks(
  source: { readonly nodeName: string; readonly machine: string; readonly cpuFeatures: readonly string[] },
  target: { readonly name: string; readonly machine: string; readonly cpuFlags: readonly string[] },
): Check[] {
  if (source.machine !== target.machine) {
    return [
      blocking(
        'ArchitectureDiffers',
        `${source.nodeName} is ${source.machine}, ${target.name} is ${target.machine}; name a target of the same architecture`,
      ),
    ];
  }
  const has = new Set(target.cpuFlags);
  const missing = source.cpuFeatures.filter((feature) => !has.has(feature));
  if (missing.length === 0) return [];
  return [
    blocking(
      'CpuFeaturesMissing',
      `the processor of ${target.name} lacks ${missing.join(', ')}, which the programs may have found on ${source.nodeName}; ` +
        'name a target with the same processor or a newer one, or give both virtual machines the same CPU model',
    ),
  ];
}
