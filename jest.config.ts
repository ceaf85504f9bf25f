import type { Config } from 'jest';

/** @kubernetes/client-node and what it brings are ESM only; jest's CommonJS runtime needs them transformed. */
const esmOnly = ['@kubernetes/client-node', 'openid-client', 'oauth4webapi', 'jose', 'socks-proxy-agent', 'agent-base'];

const shared = {
  testEnvironment: 'node',
  transform: { '^.+\\.[jt]s$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }] },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
} satisfies Config;

const patient = ['<rootDir>/test/lib/patient.ts'];

const config: Config = {
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    {
      ...shared,
      displayName: 'integration',
      setupFilesAfterEnv: patient,
      testMatch: ['<rootDir>/test/integration/**/*.test.ts'],
    },
    { ...shared, displayName: 'e2e', setupFilesAfterEnv: patient, testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
};

export = config;
