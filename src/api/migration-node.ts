import type { Generated } from './generated/migration-node';

/** What the agent of one node says that the node can do; described in crds/migrationnodes.yaml. */
export type MigrationNodeStatus = NonNullable<Generated['status']>;
/** What one driver can do on a node. */
export type NodeDriver = NonNullable<MigrationNodeStatus['drivers']>[number];
/** What a node can be in a migration. */
export type NodeRole = NonNullable<NodeDriver['roles']>[number];
/** Why it cannot be that. */
export type NodeProblem = NonNullable<NodeDriver['problems']>[number];
/** `Ready` or `WrapperInstalled`. */
export type NodeCondition = NonNullable<MigrationNodeStatus['conditions']>[number];
