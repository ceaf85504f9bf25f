// Generated from crds/containermigrations.yaml by `npm run generate`. Do not edit.

export interface Generated {
  /**
   * What shall move, and where to. It cannot be changed, but for cancel; make a new object instead.
   */
  spec: {
    /**
     * The running container.
     */
    source: {
      /**
       * Name of the Node on which the container runs now.
       */
      nodeName: string;
      /**
       * Docker name or ID of the container on that node, as `docker ps` shows it. The beginning of an ID is enough when no other ID begins with it.
       */
      container: string;
    };
    /**
     * Where the container shall run.
     */
    target: {
      /**
       * Name of the Node to which the container moves. When it is absent, the controller picks a node that fits and writes its name here, once, before anything else is done.
       */
      nodeName?: string;
      /**
       * Labels that a node must have to be picked. It is looked at only while nodeName is absent.
       */
      nodeSelector?: {
        /**
         * Value of the label.
         */
        [k: string]: string;
      };
      /**
       * Docker name of the container on the target. Default is its name on the source.
       */
      containerName?: string;
    };
    /**
     * What becomes of the stopped original once the container runs on the target: Remove deletes it, Keep leaves it stopped, without a restart policy.
     */
    afterSuccess: 'Remove' | 'Keep';
    /**
     * When the checkpoint stays on the shared volume after the end. It is a memory image and may hold secrets. Never deletes it always, OnFailure keeps it when the container could not be woken up, Always keeps it.
     */
    retainCheckpoint: 'Never' | 'OnFailure' | 'Always';
    /**
     * Time in seconds from the admission after which a migration that has not yet claimed the checkpoint on the target is given up and rolled back. What it waited for its turn does not count.
     */
    activeDeadlineSeconds: number;
    /**
     * How often a step that failed of something that may pass (a volume, a Docker daemon or an API server that is away for a moment) is tried again, with growing waits, before the migration is rolled back.
     */
    backoffLimit: number;
    /**
     * What becomes of the container's open TCP connections. Refuse does not move a container that has any; Close resets them when it is frozen, so that both ends notice at once, and moves it; Keep carries them along, without a byte lost, as far as they are in a macvlan or ipvlan network, in which the container then has the same address on the target, or between processes of the container, and refuses a container that has others. Listeners move in any case.
     */
    connections: 'Refuse' | 'Close' | 'Keep';
    /**
     * How the container is frozen and woken up. runc works beneath Docker, and needs the OCI runtime wrapper on the target. docker uses Docker's own checkpoints, and needs its experimental features on both nodes and Docker 26, or a container with the network of its node. Auto takes runc where both nodes can, else docker.
     */
    driver: 'Auto' | 'runc' | 'docker';
    /**
     * Addresses of the node by which others reach the container, and which move with it, between the freeze and the wake-up. With connections Keep, the connections at them go on: those of a container with `--network host`, and those to ports that are published in a user-defined bridge network.
     */
    network?: {
      /**
       * Name of the program that moves the addresses, in a directory that the nodes' administrator owns (TRANSSHIP_HOOKS_DIR). It is run as root on both nodes.
       */
      moveHook: string;
      /**
       * The IP addresses that it moves, without a prefix length.
       *
       * @minItems 1
       * @maxItems 8
       */
      addresses:
        | [string]
        | [string, string]
        | [string, string, string]
        | [string, string, string, string]
        | [string, string, string, string, string]
        | [string, string, string, string, string, string]
        | [string, string, string, string, string, string, string]
        | [string, string, string, string, string, string, string, string];
    };
    /**
     * What becomes of the container's Docker volumes, named and anonymous. Copy carries their files along, which is possible with the local driver without options. RequireShared takes it that both nodes show the same files, tries that with a file before the container is frozen, and refuses otherwise; it counts for host directories that are mounted, too. Skip leaves the files behind: the target's volume is taken as it is, or is new and empty.
     */
    volumes: 'Copy' | 'RequireShared' | 'Skip';
    /**
     * Volumes and mounted host directories for which something else than spec.volumes counts.
     *
     * @maxItems 64
     */
    volumeOverrides: {
      /**
       * Name of the volume, or the path in the container at which it is mounted.
       */
      name: string;
      /**
       * As spec.volumes. A mounted host directory is copied only when an entry here says Copy for it, to the same path, where nothing or an empty directory is.
       */
      policy: 'Copy' | 'RequireShared' | 'Skip';
    }[];
    /**
     * What happens when the target lacks the container's very same image (by ID). Require refuses, Pull has the target pull it by its digest, Transfer asks the registry first and else carries it over the shared volume. Both happen before the container is frozen.
     */
    image: 'Require' | 'Pull' | 'Transfer';
    /**
     * What becomes of the container's log, as far as Docker keeps it beside the container. Carry takes it along, so that `docker logs` on the target shows what was written before; most of it is copied before the container is frozen. Skip leaves it behind: `docker logs` on the target begins at the move.
     */
    logs: 'Carry' | 'Skip';
    /**
     * When the container's memory comes to the target. Eager brings all of it before the container runs there. Lazy lets the container run first and brings the memory in from the shared volume meanwhile: a shorter downtime, and some seconds in which the container is lost when the volume or CRIU's page server fails. Auto is Lazy for a container with 256 MiB of memory or more, where the target can do it, and Eager else.
     */
    memory: 'Eager' | 'Lazy' | 'Auto';
    /**
     * Options of CRIU that only the container's owner can decide on; what follows from the container itself is chosen without them. ghost-limit=BYTES allows deleted files that are open to hold so much together (default 67108864). skip-in-flight gives connections up that the container has not accepted yet. ext-unix-sk freezes a container with --network host that is connected to a Unix datagram socket outside of it; somebody must be bound to the same path on the target.
     *
     * @maxItems 32
     */
    criu?: string[];
    /**
     * Migrate moves the container. Preflight looks on both nodes whether it could be moved, says what it would cost, and ends without touching anything.
     */
    mode: 'Migrate' | 'Preflight';
    /**
     * The longest downtime that is acceptable, such as 500ms, 2s or 1m30s. A migration whose predicted downtime is longer is refused before anything was touched. It is a prediction, no promise.
     */
    maxDowntime?: string;
    /**
     * When migrations have to wait for their turn, those of a higher priority come first. Default 0.
     */
    priority?: number;
    /**
     * Set it to true to give the migration up. Before the target has claimed the checkpoint the container goes on where it was; after that the migration is completed first. It cannot be taken back.
     */
    cancel: boolean;
  };
  /**
   * What was observed. Written by the controller and the two agents, each its own part.
   */
  status?: {
    /**
     * The generation of the spec that this status speaks of.
     */
    observedGeneration?: number;
    /**
     * How far the migration is; a summary of the conditions for people.
     */
    phase?:
      | 'Pending'
      | 'Preflight'
      | 'Preparing'
      | 'Freezing'
      | 'Restoring'
      | 'Succeeded'
      | 'Checked'
      | 'RollingBack'
      | 'RolledBack'
      | 'Failed';
    /**
     * Why the migration is where it is, as one CamelCase word that tools may match.
     */
    reason?: string;
    /**
     * The same for people, with what to do.
     */
    message?: string;
    /**
     * Where the migration waits for its turn, or did so last; absent when it never had to.
     */
    queue?: {
      /**
       * What it waits for. Admission is to begin at all, Freeze to have the container frozen when all is prepared.
       */
      gate: 'Admission' | 'Freeze';
      /**
       * How many that have a node in common with it wait before it, rounded down; absent when it does not wait any more.
       */
      ahead?: number;
      /**
       * When it began to wait.
       */
      since: string;
      /**
       * When it did not have to wait any more.
       */
      until?: string;
    };
    /**
     * When the controller first saw the object.
     */
    startedAt?: string;
    /**
     * When the migration ended, well or not.
     */
    finishedAt?: string;
    /**
     * Ready (kstatus; True only when the container runs on the target, absent in the phase Checked), Reconciling and Stalled (kstatus; present only while True), PreflightPassed, Prepared, Checkpointed, Restored, and MemoryComplete where memory is brought in while the container runs already.
     */
    conditions?: {
      /**
       * Kind of the condition, CamelCase.
       */
      type: string;
      /**
       * Whether the condition holds.
       */
      status: 'True' | 'False' | 'Unknown';
      /**
       * The generation of the spec that the condition was derived from.
       */
      observedGeneration?: number;
      /**
       * When the status of the condition last changed.
       */
      lastTransitionTime: string;
      /**
       * Why, as one CamelCase word.
       */
      reason: string;
      /**
       * Why, for people.
       */
      message: string;
    }[];
    /**
     * When each phase began, by the controller's clock.
     */
    phaseTransitions?: {
      /**
       * The phase that began.
       */
      phase: string;
      /**
       * When it began.
       */
      at: string;
    }[];
    /**
     * What the controller decided. Agents act on this alone. Written by the controller.
     */
    decision?: {
      /**
       * UID of the object that the decision was made for. A copy of the object, as a restored backup has one, has another UID: nobody acts on it.
       */
      migrationUID?: string;
      /**
       * How far the agents may go.
       */
      step: 'Preflight' | 'Prepare' | 'Freeze';
      /**
       * Number of the attempt, from 1; part of the checkpoint's path.
       */
      attempt: number;
      /**
       * SHA-256 of the spec that was accepted. An API server without CEL rules lets the spec change; a spec with another digest is not acted on.
       */
      specDigest: string;
      /**
       * How the container is frozen and woken up; chosen once, when both nodes have looked. Both agents go by it. Absent until then.
       */
      driver?: {
        /**
         * Name of the driver.
         */
        name: 'runc' | 'docker';
        /**
         * Why this one, for people.
         */
        because: string;
      };
      /**
       * True when the target node carried the taint node.kubernetes.io/out-of-service before all of the container's memory had come there: it will not say any more that it has, and the source ends and keeps the original.
       */
      memoryLost?: boolean;
      /**
       * Set when the checkpoint may no longer be claimed: the source wakes its container up again.
       */
      revoked?: {
        /**
         * Why, as one CamelCase word.
         */
        reason: string;
        /**
         * Why, for people.
         */
        message: string;
        /**
         * When it was revoked.
         */
        at: string;
        /**
         * The target node, when it carried the taint node.kubernetes.io/out-of-service: somebody vouches that nothing runs there any more, so that even its claim does not count.
         */
        fenced?: string;
      };
    };
    /**
     * What the agent on the source node saw and did. Written by that agent only.
     */
    source?: {
      /**
       * The node that the agent runs on.
       */
      nodeName: string;
      /**
       * The last step that the agent finished. Pending (none yet), Preflighted, Prepared, Published (frozen, and the checkpoint lies on the volume), Released (the original is gone), RolledBack (the original runs as before), Failed (the error says why; the original is still paused or runs).
       */
      state: 'Pending' | 'Preflighted' | 'Prepared' | 'Published' | 'Released' | 'RolledBack' | 'Failed';
      /**
       * Full Docker ID of the original.
       */
      containerID?: string;
      /**
       * Docker name of the original.
       */
      containerName?: string;
      /**
       * When Docker had started the original; status.target.startedAt is when the other was.
       */
      startedAt?: string;
      /**
       * ID of the image that the container was created from.
       */
      imageID?: string;
      /**
       * Name of the image as the container's owner wrote it.
       */
      imageName?: string;
      /**
       * Names by digest under which registries know the image, as Docker remembers them.
       *
       * Items: A repository and the digest of the image in it.
       */
      imageDigests?: string[];
      /**
       * The image on the volume, when the target lacks it and it is carried.
       */
      imageArchive?: {
        /**
         * SHA-256 of the archive.
         */
        digest: string;
        /**
         * Size of the archive in bytes.
         */
        sizeBytes: number;
      };
      /**
       * Files of the writable layer and of volumes that were copied while the container still ran. Only what has changed since is copied in the freeze, and counted in the checkpoint. Absent when there was nothing worth it.
       */
      preCopied?: {
        /**
         * SHA-256 of the manifest that lists the archives.
         */
        digest: string;
        /**
         * Size of the archives in bytes.
         */
        sizeBytes: number;
        /**
         * The same for people.
         */
        size: string;
        /**
         * Number of files on the volume that it consists of.
         */
        files: number;
      };
      /**
       * Names of the Docker networks that the container is attached to.
       */
      networks?: string[];
      /**
       * What the shared volume says it is. A target that reads another ID does not see the same volume.
       */
      volumeID?: string;
      /**
       * Host paths that are mounted into the container; they must exist on the target.
       */
      bindSources?: string[];
      /**
       * The container's volumes, and those host directories that must be shared or are copied, with what is done about each.
       */
      volumes?: {
        /**
         * Name of the volume, or path of the host directory.
         */
        name: string;
        /**
         * Where it is mounted in the container.
         */
        destination: string;
        /**
         * What is done, as spec.volumes and spec.volumeOverrides say.
         */
        policy: 'Copy' | 'RequireShared' | 'Skip';
        /**
         * What its files take up on the source's disk, as the preflight saw it; only for Copy, and only when that could be told in time.
         */
        sizeBytes?: number;
      }[];
      /**
       * What the name of the file ends with that lies in all volumes with RequireShared until the target has seen it.
       */
      sharedProbe?: string;
      /**
       * What the preflight found. A blocking entry refuses the migration before anything was touched; the others are worth knowing.
       */
      checks?: {
        /**
         * What was found, as one CamelCase word.
         */
        reason: string;
        /**
         * What was found, and what to do about it.
         */
        message: string;
        /**
         * Whether the container cannot move because of it.
         */
        blocking: boolean;
      }[];
      /**
       * Which drivers spec.driver leaves to choose from, and what stands against each on this node. One without problems is possible here.
       */
      drivers?: {
        /**
         * Name of the driver.
         */
        name: 'runc' | 'docker';
        /**
         * What stands against it.
         */
        problems?: {
          /**
           * What was found, as one CamelCase word.
           */
          reason: string;
          /**
           * What was found, and what to do about it.
           */
          message: string;
        }[];
      }[];
      /**
       * What the preflight saw of the node.
       */
      node?: {
        /**
         * Architecture of the node, such as x86_64.
         */
        machine: string;
        /**
         * Release of its kernel.
         */
        kernel: string;
        /**
         * Version of its Docker.
         */
        docker: string;
        /**
         * Version of its CRIU.
         */
        criu?: string;
        /**
         * Version of its runc.
         */
        runc?: string;
        /**
         * Of the source only: the instruction sets of its processor, by the names of /proc/cpuinfo. The target must have all of them.
         */
        cpuFeatures?: string[];
      };
      /**
       * What else the container needs of the target.
       */
      needs?: {
        /**
         * Host ports that its owner published, or that it listens on itself in the host's network.
         */
        ports?: {
          /**
           * Protocol of the port, tcp or udp.
           */
          protocol: string;
          /**
           * Address of the host; every address when absent.
           */
          address?: string;
          /**
           * Number of the host's port.
           */
          port: number;
        }[];
        /**
         * Paths of the host's devices that it was given.
         */
        devices?: string[];
        /**
         * Its memory limit in bytes; absent when it has none.
         */
        memoryLimitBytes?: number;
        /**
         * The user-defined Docker networks that it is attached to.
         */
        networks?: {
          /**
           * Name of the network, by which the target's is found.
           */
          name: string;
          /**
           * Driver of the network, such as bridge or macvlan.
           */
          driver: string;
          /**
           * Set when the network has no way out of its node.
           */
          internal?: boolean;
          /**
           * Its ranges of addresses on the source.
           */
          subnets?: {
            /**
             * The range, such as 10.99.0.0/24.
             */
            subnet: string;
            /**
             * Address of its gateway.
             */
            gateway?: string;
            /**
             * The part of it from which Docker chooses addresses.
             */
            range?: string;
          }[];
          /**
           * What the driver was told when the network was made, such as macvlan_mode=bridge.
           */
          options?: string[];
          /**
           * IP addresses that its owner has fixed (docker run --ip), and that the container must have on the target, too.
           */
          addresses?: string[];
          /**
           * The MAC address that its owner has fixed (docker run --mac-address).
           */
          macAddress?: string;
        }[];
        /**
         * Addresses of the source node that it uses, which a container in the host's network may; the target must have them, too.
         */
        addresses?: string[];
        /**
         * How many UDP sockets it has connected to a peer, in a network other than the host's.
         */
        connectedUDP?: number;
      };
      /**
       * What the source can tell beforehand of the checkpoint.
       */
      estimate?: {
        /**
         * Memory of its processes that CRIU would write, in bytes.
         */
        memoryBytes: number;
        /**
         * Its writable layer and what lies in its tmpfs mounts, in bytes.
         */
        filesBytes: number;
        /**
         * Its log, in bytes, when it is carried along.
         */
        logBytes?: number;
        /**
         * Predicted size of the checkpoint in bytes.
         */
        checkpointBytes: number;
        /**
         * The same for people.
         */
        size: string;
        /**
         * How fast this node wrote to the shared volume, measured.
         */
        writeBytesPerSecond: number;
      };
      /**
       * The portable description of the container on the volume.
       */
      description?: {
        /**
         * SHA-256 of the file.
         */
        digest: string;
        /**
         * Size of the file in bytes.
         */
        sizeBytes: number;
      };
      /**
       * What CRIU is told about this container. The target restores with what belongs to it, and refuses an option that is not in the closed set.
       *
       * @maxItems 64
       */
      criuOptions?: {
        /**
         * Name of the option in CRIU's configuration, and its value after an equals sign.
         */
        option: string;
        /**
         * What the container has, or spec.criu.
         */
        because: string;
      }[];
      /**
       * The container's restart policy before the freeze. It is switched off while the container is frozen, and set again where the container runs at the end.
       */
      restartPolicy?: {
        /**
         * Docker's name of the policy.
         */
        name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
        /**
         * Docker's limit of restarts for on-failure.
         */
        maximumRetryCount: number;
      };
      /**
       * The checkpoint on the volume.
       */
      checkpoint?: {
        /**
         * Directory of the checkpoint, below the root of the volume.
         */
        path: string;
        /**
         * Size of all its files in bytes.
         */
        sizeBytes: number;
        /**
         * The same for people.
         */
        size: string;
        /**
         * Number of its files.
         */
        files: number;
        /**
         * SHA-256 of its manifest, which holds the digest of every file.
         */
        digest: string;
        /**
         * How the container was frozen, and will be woken up.
         */
        driver: 'runc' | 'docker';
      };
      /**
       * How far the node's clock was ahead of the clock of the shared volume, measured shortly before the freeze.
       */
      clock?: {
        /**
         * Node's clock minus volume's clock.
         */
        offsetMicroseconds: number;
        /**
         * The offset is right within plus or minus this.
         */
        errorMicroseconds: number;
      };
      /**
       * Just before the container was told to pause; the downtime begins here.
       */
      freezeStartedAt?: string;
      /**
       * When Docker reported the container as paused.
       */
      lastRanAt?: string;
      /**
       * When the pause was complete and the dump began.
       */
      frozenAt?: string;
      /**
       * When CRIU had written the last image.
       */
      dumpedAt?: string;
      /**
       * When the manifest lay on the volume.
       */
      publishedAt?: string;
      /**
       * When the original was gone.
       */
      releasedAt?: string;
      /**
       * Why the agent could not finish its step.
       */
      error?: {
        /**
         * Why, as one CamelCase word.
         */
        reason: string;
        /**
         * Why, for people, with what to do.
         */
        message: string;
        /**
         * The end of the log that belongs to it.
         */
        logTail?: string;
      };
      /**
       * The step failed of something that may pass, and will be tried again.
       */
      retry?: {
        /**
         * How often the step has failed so far, one time after the other.
         */
        failures: number;
        /**
         * When it is tried again, by the node's clock.
         */
        notBefore: string;
      };
      /**
       * How far a step is that takes long. Refreshed every few seconds while it is done.
       */
      progress?: {
        /**
         * What is being done.
         */
        doing: 'Dump' | 'Save' | 'Publish' | 'Verify' | 'Apply' | 'Wake' | 'SaveImage' | 'LoadImage' | 'PullImage';
        /**
         * Bytes written or read so far.
         */
        bytes: number;
        /**
         * Files written or read so far.
         */
        files: number;
        /**
         * When that was.
         */
        at: string;
      };
      /**
       * The TCP connections that the freeze has closed, with spec.connections Close.
       */
      closedConnections?: {
        /**
         * How many there were.
         */
        count: number;
        /**
         * Address and port of the other ends; the first ten.
         */
        peers: string[];
      };
      /**
       * The TCP connections that the freeze found and the checkpoint holds, with spec.connections Keep.
       */
      keptConnections?: {
        /**
         * How many there were.
         */
        count: number;
        /**
         * Address and port of the other ends; the first ten.
         */
        peers: string[];
      };
      /**
       * Full Docker ID of the container that took the original's place on this node, when the original had died (with its Docker daemon or its node) and was woken up from its own checkpoint.
       */
      restoredContainerID?: string;
    };
    /**
     * What the agent on the target node saw and did. Written by that agent only.
     */
    target?: {
      /**
       * The node that the agent runs on.
       */
      nodeName: string;
      /**
       * The last step that the agent finished. Pending (none yet), Preflighted, Prepared (the container is created, not started), Claimed (from here on only this node may run the container), Restored (it runs here), Settled (its restart policy is set again and nothing of the migration is left on the node), Failed (the error says why; nothing runs here and nothing will), Withdrawn (revoked and cleaned up).
       */
      state: 'Pending' | 'Preflighted' | 'Prepared' | 'Claimed' | 'Restored' | 'Settled' | 'Failed' | 'Withdrawn';
      /**
       * Full Docker ID of the container on the target.
       */
      containerID?: string;
      /**
       * Docker name of the container on the target.
       */
      containerName?: string;
      /**
       * How the container's image comes to the node: Present (it is there), Pull (the target pulls it), Transfer (the source puts it on the volume, the target loads it from there).
       */
      image?: 'Present' | 'Pull' | 'Transfer';
      /**
       * What the preflight found. A blocking entry refuses the migration before anything was touched; the others are worth knowing.
       */
      checks?: {
        /**
         * What was found, as one CamelCase word.
         */
        reason: string;
        /**
         * What was found, and what to do about it.
         */
        message: string;
        /**
         * Whether the container cannot move because of it.
         */
        blocking: boolean;
      }[];
      /**
       * Which drivers spec.driver leaves to choose from, and what stands against each on this node. One without problems is possible here.
       */
      drivers?: {
        /**
         * Name of the driver.
         */
        name: 'runc' | 'docker';
        /**
         * What stands against it.
         */
        problems?: {
          /**
           * What was found, as one CamelCase word.
           */
          reason: string;
          /**
           * What was found, and what to do about it.
           */
          message: string;
        }[];
      }[];
      /**
       * What the preflight saw of the node.
       */
      node?: {
        /**
         * Architecture of the node, such as x86_64.
         */
        machine: string;
        /**
         * Release of its kernel.
         */
        kernel: string;
        /**
         * Version of its Docker.
         */
        docker: string;
        /**
         * Version of its CRIU.
         */
        criu?: string;
        /**
         * Version of its runc.
         */
        runc?: string;
        /**
         * Of the source only: the instruction sets of its processor, by the names of /proc/cpuinfo. The target must have all of them.
         */
        cpuFeatures?: string[];
      };
      /**
       * What the target can tell beforehand of the move.
       */
      estimate?: {
        /**
         * How fast this node read from the shared volume, measured.
         */
        readBytesPerSecond: number;
        /**
         * Predicted downtime of the container, such as 1.204s.
         */
        downtime: string;
      };
      /**
       * How far the node's clock was ahead of the clock of the shared volume, measured shortly before the freeze.
       */
      clock?: {
        /**
         * Node's clock minus volume's clock.
         */
        offsetMicroseconds: number;
        /**
         * The offset is right within plus or minus this.
         */
        errorMicroseconds: number;
      };
      /**
       * Full Docker ID of the created container into which what was copied before the freeze is unpacked.
       */
      preCopiedTo?: string;
      /**
       * When the agent saw that the checkpoint was published.
       */
      seenAt?: string;
      /**
       * When every file of the checkpoint had been compared with the manifest.
       */
      verifiedAt?: string;
      /**
       * Just before the claim was written.
       */
      claimedAt?: string;
      /**
       * Just before Docker was told to start the container.
       */
      wakeStartedAt?: string;
      /**
       * When all processes of the container ran again; the downtime ends here.
       */
      resumedAt?: string;
      /**
       * When Docker reported the container as started.
       */
      startedAt?: string;
      /**
       * Where the container's memory is, when it is brought in while the container runs already (spec.memory): Pending (not all of it is here; the checkpoint is needed), Done (all is here and was compared with the manifest), Lost (it was not to be had any more, and the container was ended). Absent otherwise.
       */
      lazyPages?: 'Pending' | 'Done' | 'Lost';
      /**
       * When all of the memory was here and had been compared with the manifest.
       */
      memoryCompleteAt?: string;
      /**
       * What shows that the container was woken up and not begun anew. Its first process is the one that was dumped, or the state could not be Restored.
       */
      restore?: {
        /**
         * How many processes the checkpoint holds.
         */
        processes: number;
        /**
         * How many threads they have together.
         */
        threads: number;
        /**
         * How many of the processes were found as they were dumped, right after the wake-up: with the same PID, parent and name. The others had ended by then, or executed another program.
         */
        found: number;
        /**
         * What CRIU itself says of the restore; absent when it could not write that.
         */
        criu?: {
          /**
           * From CRIU's start until all processes existed.
           */
          restore: string;
          /**
           * Pages of memory that were filled from the checkpoint.
           */
          pagesRestored?: number;
        };
        /**
         * The processes of the checkpoint, each after its parent; the first 32.
         *
         * @maxItems 32
         */
        tree: {
          /**
           * Number of the process in the container.
           */
          pid: number;
          /**
           * That of its parent; 0 of the first one.
           */
          ppid: number;
          /**
           * Its name, at most 15 characters, which it may change at any time.
           */
          command?: string;
          /**
           * How many threads it has.
           */
          threads: number;
          /**
           * When it came to be on this node, if it was found as it was dumped; within the time of the restore.
           */
          startedAt?: string;
        }[];
      };
      /**
       * Why the agent could not finish its step.
       */
      error?: {
        /**
         * Why, as one CamelCase word.
         */
        reason: string;
        /**
         * Why, for people, with what to do.
         */
        message: string;
        /**
         * The end of the log that belongs to it.
         */
        logTail?: string;
      };
      /**
       * The step failed of something that may pass, and will be tried again.
       */
      retry?: {
        /**
         * How often the step has failed so far, one time after the other.
         */
        failures: number;
        /**
         * When it is tried again, by the node's clock.
         */
        notBefore: string;
      };
      /**
       * How far a step is that takes long. Refreshed every few seconds while it is done.
       */
      progress?: {
        /**
         * What is being done.
         */
        doing: 'Dump' | 'Save' | 'Publish' | 'Verify' | 'Apply' | 'Wake' | 'SaveImage' | 'LoadImage' | 'PullImage';
        /**
         * Bytes written or read so far.
         */
        bytes: number;
        /**
         * Files written or read so far.
         */
        files: number;
        /**
         * When that was.
         */
        at: string;
      };
    };
    /**
     * What the preflight predicted; compare it with checkpoint and downtime at the end.
     */
    estimate?: {
      /**
       * Predicted size of the checkpoint in bytes.
       */
      checkpointBytes: number;
      /**
       * The same for people.
       */
      size: string;
      /**
       * Predicted time for which no process of the container runs; absent when the target did not look.
       */
      downtime?: string;
    };
    /**
     * The checkpoint on the volume.
     */
    checkpoint?: {
      /**
       * Directory of the checkpoint, below the root of the volume.
       */
      path: string;
      /**
       * Size of all its files in bytes.
       */
      sizeBytes: number;
      /**
       * The same for people.
       */
      size: string;
      /**
       * Number of its files.
       */
      files: number;
      /**
       * SHA-256 of its manifest, which holds the digest of every file.
       */
      digest: string;
      /**
       * How the container was frozen, and will be woken up.
       */
      driver: 'runc' | 'docker';
    };
    /**
     * How long each part took, such as 312ms or 1.204s.
     */
    timings?: {
      /**
       * Checks on both nodes, nothing changed.
       */
      preflight?: string;
      /**
       * Everything that can be done while the container still runs.
       */
      prepare?: string;
      /**
       * From the order to pause until the container stood still.
       */
      freeze?: string;
      /**
       * CRIU wrote the images.
       */
      dump?: string;
      /**
       * The changed files were saved, digests were taken and the manifest was written.
       */
      publish?: string;
      /**
       * From the manifest until the target saw it. Two clocks.
       */
      handover?: string;
      /**
       * The target compared every file with the manifest.
       */
      verify?: string;
      /**
       * The API server recorded the claim, the changed files were unpacked, and the restore was armed.
       */
      claim?: string;
      /**
       * Docker and CRIU woke the container up.
       */
      restore?: string;
      /**
       * From the first sight of the object to the end.
       */
      total?: string;
    };
    /**
     * How long the container was away. Three quantities, never mixed up.
     */
    downtime?: {
      /**
       * From the moment the first process was told to stand still to the moment the tree ran again on the target. Never too short but by clockErrorBound.
       */
      frozen?: string;
      /**
       * The same as Docker saw it, from its pause event to its start event.
       */
      outage?: string;
      /**
       * The nodes' clocks were compared with the volume's clock; the figures are right within plus or minus this.
       */
      clockErrorBound?: string;
    };
  };
}
