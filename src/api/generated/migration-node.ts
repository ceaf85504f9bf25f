// Generated from crds/migrationnodes.yaml by `npm run generate`. Do not edit.

export interface Generated {
  /**
   * What the agent found when it last looked.
   */
  status?: {
    /**
     * When the agent last looked, by the node's clock. It looks every five minutes; whether the agent lives says its Lease, transship-agent-NODE.
     */
    lastHeartbeatTime?: string;
    /**
     * The drivers by which containers can move, in a few words.
     */
    summary?: string;
    /**
     * Versions of what takes part in a migration on this node.
     */
    versions?: {
      /**
       * Version of Docker Engine.
       */
      docker?: string;
      /**
       * Version of the containerd that Docker uses.
       */
      containerd?: string;
      /**
       * Version of the runc that the agent calls.
       */
      runc?: string;
      /**
       * Version of CRIU, absent when it does not run.
       */
      criu?: string;
      /**
       * Release of the kernel, as uname tells it.
       */
      kernel?: string;
    };
    /**
     * Architecture of the processor, as uname tells it.
     */
    machine?: string;
    /**
     * The instruction sets of the processor that a program may use. A container can enter a node that has all those of the node it leaves.
     *
     * Items: Name in /proc/cpuinfo, such as avx2.
     */
    cpuFeatures?: string[];
    /**
     * Memory of the node, in bytes.
     */
    memoryBytes?: number;
    /**
     * What each driver can do on this node.
     */
    drivers?: {
      /**
       * Name of the driver, such as runc.
       */
      name: string;
      /**
       * What the node can be with it in a migration.
       *
       * Items: Source when containers can leave, Target when they can enter.
       */
      roles: ('Source' | 'Target')[];
      /**
       * Why the node cannot be the rest.
       */
      problems?: {
        /**
         * What it cannot be.
         */
        role: 'Source' | 'Target';
        /**
         * CamelCase word that does not change between releases.
         */
        reason: string;
        /**
         * What is wrong and what to do.
         */
        message: string;
      }[];
    }[];
    /**
     * Ready: containers can leave the node and enter it by at least one driver. WrapperInstalled: Docker can call the runtime wrapper that belongs to the agent.
     */
    conditions?: {
      /**
       * Name of the condition, unique in the list.
       */
      type: string;
      /**
       * Whether the condition holds now.
       */
      status: 'True' | 'False' | 'Unknown';
      /**
       * CamelCase word that does not change between releases.
       */
      reason: string;
      /**
       * What it means, for people.
       */
      message: string;
      /**
       * When the status changed last.
       */
      lastTransitionTime: string;
    }[];
  };
}
