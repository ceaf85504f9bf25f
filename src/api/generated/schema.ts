// Generated from crds/containermigrations.yaml by `npm run generate`. Do not edit.
/** The CRD's OpenAPI schema, as a JSON schema for ajv. */
export const schema = {
  "type": "object",
  "description": "ContainerMigration moves one running Docker container from one node to another: it is frozen with CRIU on the source, its checkpoint lies on the shared volume, and it is woken up on the target. One object is one migration; it never runs twice.",
  "required": [
    "spec"
  ],
  "properties": {
    "apiVersion": {
      "type": "string",
      "description": "APIVersion defines the versioned schema of this representation of an object."
    },
    "kind": {
      "type": "string",
      "description": "Kind is a string value representing the REST resource this object represents."
    },
    "metadata": {
      "type": "object"
    },
    "spec": {
      "type": "object",
      "description": "What shall move, and where to. It cannot be changed, but for cancel; make a new object instead.",
      "required": [
        "source"
      ],
      "properties": {
        "source": {
          "type": "object",
          "description": "The running container.",
          "required": [
            "nodeName",
            "container"
          ],
          "properties": {
            "nodeName": {
              "type": "string",
              "description": "Name of the Node on which the container runs now.",
              "minLength": 1,
              "maxLength": 253,
              "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
            },
            "container": {
              "type": "string",
              "description": "Docker name or ID of the container on that node, as `docker ps` shows it. The beginning of an ID is enough when no other ID begins with it.",
              "minLength": 1,
              "maxLength": 253,
              "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"
            }
          },
          "additionalProperties": false
        },
        "target": {
          "type": "object",
          "description": "Where the container shall run.",
          "default": {},
          "properties": {
            "nodeName": {
              "type": "string",
              "description": "Name of the Node to which the container moves. When it is absent, the controller picks a node that fits and writes its name here, once, before anything else is done.",
              "minLength": 1,
              "maxLength": 253,
              "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
            },
            "nodeSelector": {
              "type": "object",
              "description": "Labels that a node must have to be picked. It is looked at only while nodeName is absent.",
              "maxProperties": 32,
              "additionalProperties": {
                "type": "string",
                "description": "Value of the label.",
                "maxLength": 63
              }
            },
            "containerName": {
              "type": "string",
              "description": "Docker name of the container on the target. Default is its name on the source.",
              "minLength": 2,
              "maxLength": 253,
              "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]+$"
            }
          },
          "additionalProperties": false
        },
        "afterSuccess": {
          "type": "string",
          "description": "What becomes of the stopped original once the container runs on the target: Remove deletes it, Keep leaves it stopped, without a restart policy.",
          "enum": [
            "Remove",
            "Keep"
          ],
          "default": "Remove"
        },
        "retainCheckpoint": {
          "type": "string",
          "description": "When the checkpoint stays on the shared volume after the end. It is a memory image and may hold secrets. Never deletes it always, OnFailure keeps it when the container could not be woken up, Always keeps it.",
          "enum": [
            "Never",
            "OnFailure",
            "Always"
          ],
          "default": "OnFailure"
        },
        "activeDeadlineSeconds": {
          "type": "integer",
          "description": "Time in seconds from the admission after which a migration that has not yet claimed the checkpoint on the target is given up and rolled back. What it waited for its turn does not count.",
          "minimum": 10,
          "maximum": 86400,
          "default": 600
        },
        "backoffLimit": {
          "type": "integer",
          "description": "How often a step that failed of something that may pass (a volume, a Docker daemon or an API server that is away for a moment) is tried again, with growing waits, before the migration is rolled back.",
          "minimum": 0,
          "maximum": 20,
          "default": 3
        },
        "connections": {
          "type": "string",
          "description": "What becomes of the container's open TCP connections. Refuse does not move a container that has any; Close resets them when it is frozen, so that both ends notice at once, and moves it; Keep carries them along, without a byte lost, as far as they are in a macvlan or ipvlan network, in which the container then has the same address on the target, or between processes of the container, and refuses a container that has others. Listeners move in any case.",
          "enum": [
            "Refuse",
            "Close",
            "Keep"
          ],
          "default": "Refuse"
        },
        "driver": {
          "type": "string",
          "description": "How the container is frozen and woken up. runc works beneath Docker, and needs the OCI runtime wrapper on the target. docker uses Docker's own checkpoints, and needs its experimental features on both nodes and Docker 26, or a container with the network of its node. Auto takes runc where both nodes can, else docker.",
          "enum": [
            "Auto",
            "runc",
            "docker"
          ],
          "default": "Auto"
        },
        "network": {
          "type": "object",
          "description": "Addresses of the node by which others reach the container, and which move with it, between the freeze and the wake-up. With connections Keep, the connections at them go on: those of a container with `--network host`, and those to ports that are published in a user-defined bridge network.",
          "required": [
            "moveHook",
            "addresses"
          ],
          "properties": {
            "moveHook": {
              "type": "string",
              "description": "Name of the program that moves the addresses, in a directory that the nodes' administrator owns (TRANSSHIP_HOOKS_DIR). It is run as root on both nodes.",
              "minLength": 1,
              "maxLength": 63,
              "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
            },
            "addresses": {
              "type": "array",
              "description": "The IP addresses that it moves, without a prefix length.",
              "minItems": 1,
              "maxItems": 8,
              "items": {
                "type": "string",
                "minLength": 2,
                "maxLength": 45,
                "pattern": "^[0-9a-fA-F.:]+$"
              }
            }
          },
          "additionalProperties": false
        },
        "volumes": {
          "type": "string",
          "description": "What becomes of the container's Docker volumes, named and anonymous. Copy carries their files along, which is possible with the local driver without options. RequireShared takes it that both nodes show the same files, tries that with a file before the container is frozen, and refuses otherwise; it counts for host directories that are mounted, too. Skip leaves the files behind: the target's volume is taken as it is, or is new and empty.",
          "enum": [
            "Copy",
            "RequireShared",
            "Skip"
          ],
          "default": "Copy"
        },
        "volumeOverrides": {
          "type": "array",
          "description": "Volumes and mounted host directories for which something else than spec.volumes counts.",
          "default": [],
          "maxItems": 64,
          "items": {
            "type": "object",
            "required": [
              "name",
              "policy"
            ],
            "properties": {
              "name": {
                "type": "string",
                "description": "Name of the volume, or the path in the container at which it is mounted.",
                "minLength": 1,
                "maxLength": 1024
              },
              "policy": {
                "type": "string",
                "description": "As spec.volumes. A mounted host directory is copied only when an entry here says Copy for it, to the same path, where nothing or an empty directory is.",
                "enum": [
                  "Copy",
                  "RequireShared",
                  "Skip"
                ]
              }
            },
            "additionalProperties": false
          }
        },
        "image": {
          "type": "string",
          "description": "What happens when the target lacks the container's very same image (by ID). Require refuses, Pull has the target pull it by its digest, Transfer asks the registry first and else carries it over the shared volume. Both happen before the container is frozen.",
          "enum": [
            "Require",
            "Pull",
            "Transfer"
          ],
          "default": "Transfer"
        },
        "logs": {
          "type": "string",
          "description": "What becomes of the container's log, as far as Docker keeps it beside the container. Carry takes it along, so that `docker logs` on the target shows what was written before; most of it is copied before the container is frozen. Skip leaves it behind: `docker logs` on the target begins at the move.",
          "enum": [
            "Carry",
            "Skip"
          ],
          "default": "Carry"
        },
        "memory": {
          "type": "string",
          "description": "When the container's memory comes to the target. Eager brings all of it before the container runs there. Lazy lets the container run first and brings the memory in from the shared volume meanwhile: a shorter downtime, and some seconds in which the container is lost when the volume or CRIU's page server fails. Auto is Lazy for a container with 256 MiB of memory or more, where the target can do it, and Eager else.",
          "enum": [
            "Eager",
            "Lazy",
            "Auto"
          ],
          "default": "Eager"
        },
        "criu": {
          "type": "array",
          "description": "Options of CRIU that only the container's owner can decide on; what follows from the container itself is chosen without them. ghost-limit=BYTES allows deleted files that are open to hold so much together (default 67108864). skip-in-flight gives connections up that the container has not accepted yet. ext-unix-sk freezes a container with --network host that is connected to a Unix datagram socket outside of it; somebody must be bound to the same path on the target.",
          "maxItems": 32,
          "items": {
            "type": "string",
            "maxLength": 32,
            "pattern": "^(ghost-limit=[1-9][0-9]{0,11}|skip-in-flight|ext-unix-sk)$"
          }
        },
        "mode": {
          "type": "string",
          "description": "Migrate moves the container. Preflight looks on both nodes whether it could be moved, says what it would cost, and ends without touching anything.",
          "enum": [
            "Migrate",
            "Preflight"
          ],
          "default": "Migrate"
        },
        "maxDowntime": {
          "type": "string",
          "description": "The longest downtime that is acceptable, such as 500ms, 2s or 1m30s. A migration whose predicted downtime is longer is refused before anything was touched. It is a prediction, no promise.",
          "maxLength": 32,
          "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"
        },
        "priority": {
          "type": "integer",
          "format": "int32",
          "description": "When migrations have to wait for their turn, those of a higher priority come first. Default 0."
        },
        "cancel": {
          "type": "boolean",
          "description": "Set it to true to give the migration up. Before the target has claimed the checkpoint the container goes on where it was; after that the migration is completed first. It cannot be taken back.",
          "default": false
        }
      },
      "additionalProperties": false
    },
    "status": {
      "type": "object",
      "description": "What was observed. Written by the controller and the two agents, each its own part.",
      "properties": {
        "observedGeneration": {
          "type": "integer",
          "format": "int64",
          "description": "The generation of the spec that this status speaks of."
        },
        "phase": {
          "type": "string",
          "description": "How far the migration is; a summary of the conditions for people.",
          "enum": [
            "Pending",
            "Preflight",
            "Preparing",
            "Freezing",
            "Restoring",
            "Succeeded",
            "Checked",
            "RollingBack",
            "RolledBack",
            "Failed"
          ]
        },
        "reason": {
          "type": "string",
          "description": "Why the migration is where it is, as one CamelCase word that tools may match.",
          "maxLength": 1024
        },
        "message": {
          "type": "string",
          "description": "The same for people, with what to do.",
          "maxLength": 32768
        },
        "queue": {
          "type": "object",
          "description": "Where the migration waits for its turn, or did so last; absent when it never had to.",
          "required": [
            "gate",
            "since"
          ],
          "properties": {
            "gate": {
              "type": "string",
              "description": "What it waits for. Admission is to begin at all, Freeze to have the container frozen when all is prepared.",
              "enum": [
                "Admission",
                "Freeze"
              ]
            },
            "ahead": {
              "type": "integer",
              "description": "How many that have a node in common with it wait before it, rounded down; absent when it does not wait any more."
            },
            "since": {
              "type": "string",
              "format": "date-time",
              "description": "When it began to wait."
            },
            "until": {
              "type": "string",
              "format": "date-time",
              "description": "When it did not have to wait any more."
            }
          },
          "additionalProperties": false
        },
        "startedAt": {
          "type": "string",
          "format": "date-time",
          "description": "When the controller first saw the object."
        },
        "finishedAt": {
          "type": "string",
          "format": "date-time",
          "description": "When the migration ended, well or not."
        },
        "conditions": {
          "type": "array",
          "description": "Ready (kstatus; True only when the container runs on the target, absent in the phase Checked), Reconciling and Stalled (kstatus; present only while True), PreflightPassed, Prepared, Checkpointed, Restored, and MemoryComplete where memory is brought in while the container runs already.",
          "items": {
            "type": "object",
            "required": [
              "type",
              "status",
              "lastTransitionTime",
              "reason",
              "message"
            ],
            "properties": {
              "type": {
                "type": "string",
                "description": "Kind of the condition, CamelCase.",
                "maxLength": 316
              },
              "status": {
                "type": "string",
                "description": "Whether the condition holds.",
                "enum": [
                  "True",
                  "False",
                  "Unknown"
                ]
              },
              "observedGeneration": {
                "type": "integer",
                "format": "int64",
                "description": "The generation of the spec that the condition was derived from."
              },
              "lastTransitionTime": {
                "type": "string",
                "format": "date-time",
                "description": "When the status of the condition last changed."
              },
              "reason": {
                "type": "string",
                "description": "Why, as one CamelCase word.",
                "minLength": 1,
                "maxLength": 1024
              },
              "message": {
                "type": "string",
                "description": "Why, for people.",
                "maxLength": 32768
              }
            },
            "additionalProperties": false
          }
        },
        "phaseTransitions": {
          "type": "array",
          "description": "When each phase began, by the controller's clock.",
          "items": {
            "type": "object",
            "required": [
              "phase",
              "at"
            ],
            "properties": {
              "phase": {
                "type": "string",
                "description": "The phase that began."
              },
              "at": {
                "type": "string",
                "format": "date-time",
                "description": "When it began."
              }
            },
            "additionalProperties": false
          }
        },
        "decision": {
          "type": "object",
          "description": "What the controller decided. Agents act on this alone. Written by the controller.",
          "required": [
            "step",
            "attempt",
            "specDigest"
          ],
          "properties": {
            "migrationUID": {
              "type": "string",
              "description": "UID of the object that the decision was made for. A copy of the object, as a restored backup has one, has another UID: nobody acts on it.",
              "maxLength": 128
            },
            "step": {
              "type": "string",
              "description": "How far the agents may go.",
              "enum": [
                "Preflight",
                "Prepare",
                "Freeze"
              ]
            },
            "attempt": {
              "type": "integer",
              "description": "Number of the attempt, from 1; part of the checkpoint's path.",
              "minimum": 1
            },
            "specDigest": {
              "type": "string",
              "description": "SHA-256 of the spec that was accepted. An API server without CEL rules lets the spec change; a spec with another digest is not acted on.",
              "pattern": "^sha256:[0-9a-f]{64}$"
            },
            "driver": {
              "type": "object",
              "description": "How the container is frozen and woken up; chosen once, when both nodes have looked. Both agents go by it. Absent until then.",
              "required": [
                "name",
                "because"
              ],
              "properties": {
                "name": {
                  "type": "string",
                  "description": "Name of the driver.",
                  "enum": [
                    "runc",
                    "docker"
                  ]
                },
                "because": {
                  "type": "string",
                  "description": "Why this one, for people.",
                  "maxLength": 4096
                }
              },
              "additionalProperties": false
            },
            "memoryLost": {
              "type": "boolean",
              "description": "True when the target node carried the taint node.kubernetes.io/out-of-service before all of the container's memory had come there: it will not say any more that it has, and the source ends and keeps the original."
            },
            "revoked": {
              "type": "object",
              "description": "Set when the checkpoint may no longer be claimed: the source wakes its container up again.",
              "required": [
                "reason",
                "message",
                "at"
              ],
              "properties": {
                "reason": {
                  "type": "string",
                  "description": "Why, as one CamelCase word."
                },
                "message": {
                  "type": "string",
                  "description": "Why, for people."
                },
                "at": {
                  "type": "string",
                  "format": "date-time",
                  "description": "When it was revoked."
                },
                "fenced": {
                  "type": "string",
                  "description": "The target node, when it carried the taint node.kubernetes.io/out-of-service: somebody vouches that nothing runs there any more, so that even its claim does not count."
                }
              },
              "additionalProperties": false
            }
          },
          "additionalProperties": false
        },
        "source": {
          "type": "object",
          "description": "What the agent on the source node saw and did. Written by that agent only.",
          "required": [
            "nodeName",
            "state"
          ],
          "properties": {
            "nodeName": {
              "type": "string",
              "description": "The node that the agent runs on."
            },
            "state": {
              "type": "string",
              "description": "The last step that the agent finished. Pending (none yet), Preflighted, Prepared, Published (frozen, and the checkpoint lies on the volume), Released (the original is gone), RolledBack (the original runs as before), Failed (the error says why; the original is still paused or runs).",
              "enum": [
                "Pending",
                "Preflighted",
                "Prepared",
                "Published",
                "Released",
                "RolledBack",
                "Failed"
              ]
            },
            "containerID": {
              "type": "string",
              "description": "Full Docker ID of the original."
            },
            "containerName": {
              "type": "string",
              "description": "Docker name of the original."
            },
            "startedAt": {
              "type": "string",
              "format": "date-time",
              "description": "When Docker had started the original; status.target.startedAt is when the other was."
            },
            "imageID": {
              "type": "string",
              "description": "ID of the image that the container was created from."
            },
            "imageName": {
              "type": "string",
              "description": "Name of the image as the container's owner wrote it."
            },
            "imageDigests": {
              "type": "array",
              "description": "Names by digest under which registries know the image, as Docker remembers them.",
              "items": {
                "type": "string",
                "description": "A repository and the digest of the image in it.",
                "maxLength": 512,
                "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.:/-]*@sha256:[0-9a-f]{64}$"
              }
            },
            "imageArchive": {
              "type": "object",
              "description": "The image on the volume, when the target lacks it and it is carried.",
              "required": [
                "digest",
                "sizeBytes"
              ],
              "properties": {
                "digest": {
                  "type": "string",
                  "description": "SHA-256 of the archive.",
                  "pattern": "^sha256:[0-9a-f]{64}$"
                },
                "sizeBytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Size of the archive in bytes."
                }
              },
              "additionalProperties": false
            },
            "preCopied": {
              "type": "object",
              "description": "Files of the writable layer and of volumes that were copied while the container still ran. Only what has changed since is copied in the freeze, and counted in the checkpoint. Absent when there was nothing worth it.",
              "required": [
                "digest",
                "sizeBytes",
                "size",
                "files"
              ],
              "properties": {
                "digest": {
                  "type": "string",
                  "description": "SHA-256 of the manifest that lists the archives.",
                  "pattern": "^sha256:[0-9a-f]{64}$"
                },
                "sizeBytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Size of the archives in bytes."
                },
                "size": {
                  "type": "string",
                  "description": "The same for people."
                },
                "files": {
                  "type": "integer",
                  "description": "Number of files on the volume that it consists of."
                }
              },
              "additionalProperties": false
            },
            "networks": {
              "type": "array",
              "description": "Names of the Docker networks that the container is attached to.",
              "items": {
                "type": "string"
              }
            },
            "volumeID": {
              "type": "string",
              "description": "What the shared volume says it is. A target that reads another ID does not see the same volume."
            },
            "bindSources": {
              "type": "array",
              "description": "Host paths that are mounted into the container; they must exist on the target.",
              "items": {
                "type": "string"
              }
            },
            "volumes": {
              "type": "array",
              "description": "The container's volumes, and those host directories that must be shared or are copied, with what is done about each.",
              "items": {
                "type": "object",
                "required": [
                  "name",
                  "destination",
                  "policy"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "description": "Name of the volume, or path of the host directory."
                  },
                  "destination": {
                    "type": "string",
                    "description": "Where it is mounted in the container."
                  },
                  "policy": {
                    "type": "string",
                    "description": "What is done, as spec.volumes and spec.volumeOverrides say.",
                    "enum": [
                      "Copy",
                      "RequireShared",
                      "Skip"
                    ]
                  },
                  "sizeBytes": {
                    "type": "integer",
                    "format": "int64",
                    "description": "What its files take up on the source's disk, as the preflight saw it; only for Copy, and only when that could be told in time."
                  }
                },
                "additionalProperties": false
              }
            },
            "sharedProbe": {
              "type": "string",
              "description": "What the name of the file ends with that lies in all volumes with RequireShared until the target has seen it.",
              "pattern": "^[0-9a-f]{32}$"
            },
            "checks": {
              "type": "array",
              "description": "What the preflight found. A blocking entry refuses the migration before anything was touched; the others are worth knowing.",
              "items": {
                "type": "object",
                "required": [
                  "reason",
                  "message",
                  "blocking"
                ],
                "properties": {
                  "reason": {
                    "type": "string",
                    "description": "What was found, as one CamelCase word."
                  },
                  "message": {
                    "type": "string",
                    "description": "What was found, and what to do about it."
                  },
                  "blocking": {
                    "type": "boolean",
                    "description": "Whether the container cannot move because of it."
                  }
                },
                "additionalProperties": false
              }
            },
            "drivers": {
              "type": "array",
              "description": "Which drivers spec.driver leaves to choose from, and what stands against each on this node. One without problems is possible here.",
              "items": {
                "type": "object",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "description": "Name of the driver.",
                    "enum": [
                      "runc",
                      "docker"
                    ]
                  },
                  "problems": {
                    "type": "array",
                    "description": "What stands against it.",
                    "items": {
                      "type": "object",
                      "required": [
                        "reason",
                        "message"
                      ],
                      "properties": {
                        "reason": {
                          "type": "string",
                          "description": "What was found, as one CamelCase word."
                        },
                        "message": {
                          "type": "string",
                          "description": "What was found, and what to do about it."
                        }
                      },
                      "additionalProperties": false
                    }
                  }
                },
                "additionalProperties": false
              }
            },
            "node": {
              "type": "object",
              "description": "What the preflight saw of the node.",
              "required": [
                "machine",
                "kernel",
                "docker"
              ],
              "properties": {
                "machine": {
                  "type": "string",
                  "description": "Architecture of the node, such as x86_64."
                },
                "kernel": {
                  "type": "string",
                  "description": "Release of its kernel."
                },
                "docker": {
                  "type": "string",
                  "description": "Version of its Docker."
                },
                "criu": {
                  "type": "string",
                  "description": "Version of its CRIU."
                },
                "runc": {
                  "type": "string",
                  "description": "Version of its runc."
                },
                "cpuFeatures": {
                  "type": "array",
                  "description": "Of the source only: the instruction sets of its processor, by the names of /proc/cpuinfo. The target must have all of them.",
                  "items": {
                    "type": "string"
                  }
                }
              },
              "additionalProperties": false
            },
            "needs": {
              "type": "object",
              "description": "What else the container needs of the target.",
              "properties": {
                "ports": {
                  "type": "array",
                  "description": "Host ports that its owner published, or that it listens on itself in the host's network.",
                  "items": {
                    "type": "object",
                    "required": [
                      "protocol",
                      "port"
                    ],
                    "properties": {
                      "protocol": {
                        "type": "string",
                        "description": "Protocol of the port, tcp or udp.",
                        "maxLength": 8
                      },
                      "address": {
                        "type": "string",
                        "description": "Address of the host; every address when absent.",
                        "minLength": 1,
                        "maxLength": 64
                      },
                      "port": {
                        "type": "integer",
                        "description": "Number of the host's port.",
                        "minimum": 1,
                        "maximum": 65535
                      }
                    },
                    "additionalProperties": false
                  }
                },
                "devices": {
                  "type": "array",
                  "description": "Paths of the host's devices that it was given.",
                  "items": {
                    "type": "string",
                    "pattern": "^/"
                  }
                },
                "memoryLimitBytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Its memory limit in bytes; absent when it has none.",
                  "minimum": 1
                },
                "networks": {
                  "type": "array",
                  "description": "The user-defined Docker networks that it is attached to.",
                  "items": {
                    "type": "object",
                    "required": [
                      "name",
                      "driver"
                    ],
                    "properties": {
                      "name": {
                        "type": "string",
                        "description": "Name of the network, by which the target's is found.",
                        "minLength": 1
                      },
                      "driver": {
                        "type": "string",
                        "description": "Driver of the network, such as bridge or macvlan.",
                        "maxLength": 253
                      },
                      "internal": {
                        "type": "boolean",
                        "description": "Set when the network has no way out of its node."
                      },
                      "subnets": {
                        "type": "array",
                        "description": "Its ranges of addresses on the source.",
                        "items": {
                          "type": "object",
                          "required": [
                            "subnet"
                          ],
                          "properties": {
                            "subnet": {
                              "type": "string",
                              "description": "The range, such as 10.99.0.0/24.",
                              "maxLength": 64
                            },
                            "gateway": {
                              "type": "string",
                              "description": "Address of its gateway.",
                              "maxLength": 64
                            },
                            "range": {
                              "type": "string",
                              "description": "The part of it from which Docker chooses addresses.",
                              "maxLength": 64
                            }
                          },
                          "additionalProperties": false
                        }
                      },
                      "options": {
                        "type": "array",
                        "description": "What the driver was told when the network was made, such as macvlan_mode=bridge.",
                        "items": {
                          "type": "string",
                          "maxLength": 1024
                        }
                      },
                      "addresses": {
                        "type": "array",
                        "description": "IP addresses that its owner has fixed (docker run --ip), and that the container must have on the target, too.",
                        "items": {
                          "type": "string",
                          "maxLength": 64
                        }
                      },
                      "macAddress": {
                        "type": "string",
                        "description": "The MAC address that its owner has fixed (docker run --mac-address).",
                        "maxLength": 64
                      }
                    },
                    "additionalProperties": false
                  }
                },
                "addresses": {
                  "type": "array",
                  "description": "Addresses of the source node that it uses, which a container in the host's network may; the target must have them, too.",
                  "items": {
                    "type": "string",
                    "maxLength": 64
                  }
                },
                "connectedUDP": {
                  "type": "integer",
                  "description": "How many UDP sockets it has connected to a peer, in a network other than the host's.",
                  "minimum": 1
                }
              },
              "additionalProperties": false
            },
            "estimate": {
              "type": "object",
              "description": "What the source can tell beforehand of the checkpoint.",
              "required": [
                "memoryBytes",
                "filesBytes",
                "checkpointBytes",
                "size",
                "writeBytesPerSecond"
              ],
              "properties": {
                "memoryBytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Memory of its processes that CRIU would write, in bytes.",
                  "minimum": 0
                },
                "filesBytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Its writable layer and what lies in its tmpfs mounts, in bytes.",
                  "minimum": 0
                },
                "logBytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Its log, in bytes, when it is carried along.",
                  "minimum": 0
                },
                "checkpointBytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Predicted size of the checkpoint in bytes.",
                  "minimum": 0
                },
                "size": {
                  "type": "string",
                  "description": "The same for people."
                },
                "writeBytesPerSecond": {
                  "type": "integer",
                  "format": "int64",
                  "description": "How fast this node wrote to the shared volume, measured.",
                  "minimum": 1
                }
              },
              "additionalProperties": false
            },
            "description": {
              "type": "object",
              "description": "The portable description of the container on the volume.",
              "required": [
                "digest",
                "sizeBytes"
              ],
              "properties": {
                "digest": {
                  "type": "string",
                  "description": "SHA-256 of the file.",
                  "pattern": "^sha256:[0-9a-f]{64}$"
                },
                "sizeBytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Size of the file in bytes."
                }
              },
              "additionalProperties": false
            },
            "criuOptions": {
              "type": "array",
              "description": "What CRIU is told about this container. The target restores with what belongs to it, and refuses an option that is not in the closed set.",
              "maxItems": 64,
              "items": {
                "type": "object",
                "required": [
                  "option",
                  "because"
                ],
                "properties": {
                  "option": {
                    "type": "string",
                    "description": "Name of the option in CRIU's configuration, and its value after an equals sign.",
                    "maxLength": 1100
                  },
                  "because": {
                    "type": "string",
                    "description": "What the container has, or spec.criu.",
                    "maxLength": 1024
                  }
                },
                "additionalProperties": false
              }
            },
            "restartPolicy": {
              "type": "object",
              "description": "The container's restart policy before the freeze. It is switched off while the container is frozen, and set again where the container runs at the end.",
              "required": [
                "name",
                "maximumRetryCount"
              ],
              "properties": {
                "name": {
                  "type": "string",
                  "description": "Docker's name of the policy.",
                  "enum": [
                    "no",
                    "always",
                    "unless-stopped",
                    "on-failure"
                  ]
                },
                "maximumRetryCount": {
                  "type": "integer",
                  "description": "Docker's limit of restarts for on-failure."
                }
              },
              "additionalProperties": false
            },
            "checkpoint": {
              "type": "object",
              "description": "The checkpoint on the volume.",
              "required": [
                "path",
                "sizeBytes",
                "size",
                "files",
                "digest",
                "driver"
              ],
              "properties": {
                "path": {
                  "type": "string",
                  "description": "Directory of the checkpoint, below the root of the volume."
                },
                "sizeBytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Size of all its files in bytes."
                },
                "size": {
                  "type": "string",
                  "description": "The same for people."
                },
                "files": {
                  "type": "integer",
                  "description": "Number of its files."
                },
                "digest": {
                  "type": "string",
                  "description": "SHA-256 of its manifest, which holds the digest of every file.",
                  "pattern": "^sha256:[0-9a-f]{64}$"
                },
                "driver": {
                  "type": "string",
                  "description": "How the container was frozen, and will be woken up.",
                  "enum": [
                    "runc",
                    "docker"
                  ]
                }
              },
              "additionalProperties": false
            },
            "clock": {
              "type": "object",
              "description": "How far the node's clock was ahead of the clock of the shared volume, measured shortly before the freeze.",
              "required": [
                "offsetMicroseconds",
                "errorMicroseconds"
              ],
              "properties": {
                "offsetMicroseconds": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Node's clock minus volume's clock."
                },
                "errorMicroseconds": {
                  "type": "integer",
                  "format": "int64",
                  "description": "The offset is right within plus or minus this.",
                  "minimum": 0
                }
              },
              "additionalProperties": false
            },
            "freezeStartedAt": {
              "type": "string",
              "format": "date-time",
              "description": "Just before the container was told to pause; the downtime begins here."
            },
            "lastRanAt": {
              "type": "string",
              "format": "date-time",
              "description": "When Docker reported the container as paused."
            },
            "frozenAt": {
              "type": "string",
              "format": "date-time",
              "description": "When the pause was complete and the dump began."
            },
            "dumpedAt": {
              "type": "string",
              "format": "date-time",
              "description": "When CRIU had written the last image."
            },
            "publishedAt": {
              "type": "string",
              "format": "date-time",
              "description": "When the manifest lay on the volume."
            },
            "releasedAt": {
              "type": "string",
              "format": "date-time",
              "description": "When the original was gone."
            },
            "error": {
              "type": "object",
              "description": "Why the agent could not finish its step.",
              "required": [
                "reason",
                "message"
              ],
              "properties": {
                "reason": {
                  "type": "string",
                  "description": "Why, as one CamelCase word."
                },
                "message": {
                  "type": "string",
                  "description": "Why, for people, with what to do."
                },
                "logTail": {
                  "type": "string",
                  "description": "The end of the log that belongs to it."
                }
              },
              "additionalProperties": false
            },
            "retry": {
              "type": "object",
              "description": "The step failed of something that may pass, and will be tried again.",
              "required": [
                "failures",
                "notBefore"
              ],
              "properties": {
                "failures": {
                  "type": "integer",
                  "description": "How often the step has failed so far, one time after the other.",
                  "minimum": 1
                },
                "notBefore": {
                  "type": "string",
                  "format": "date-time",
                  "description": "When it is tried again, by the node's clock."
                }
              },
              "additionalProperties": false
            },
            "progress": {
              "type": "object",
              "description": "How far a step is that takes long. Refreshed every few seconds while it is done.",
              "required": [
                "doing",
                "bytes",
                "files",
                "at"
              ],
              "properties": {
                "doing": {
                  "type": "string",
                  "description": "What is being done.",
                  "enum": [
                    "Dump",
                    "Save",
                    "Publish",
                    "Verify",
                    "Apply",
                    "Wake",
                    "SaveImage",
                    "LoadImage",
                    "PullImage"
                  ]
                },
                "bytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Bytes written or read so far."
                },
                "files": {
                  "type": "integer",
                  "description": "Files written or read so far."
                },
                "at": {
                  "type": "string",
                  "format": "date-time",
                  "description": "When that was."
                }
              },
              "additionalProperties": false
            },
            "closedConnections": {
              "type": "object",
              "description": "The TCP connections that the freeze has closed, with spec.connections Close.",
              "required": [
                "count",
                "peers"
              ],
              "properties": {
                "count": {
                  "type": "integer",
                  "description": "How many there were.",
                  "minimum": 0
                },
                "peers": {
                  "type": "array",
                  "description": "Address and port of the other ends; the first ten.",
                  "items": {
                    "type": "string"
                  }
                }
              },
              "additionalProperties": false
            },
            "keptConnections": {
              "type": "object",
              "description": "The TCP connections that the freeze found and the checkpoint holds, with spec.connections Keep.",
              "required": [
                "count",
                "peers"
              ],
              "properties": {
                "count": {
                  "type": "integer",
                  "description": "How many there were.",
                  "minimum": 0
                },
                "peers": {
                  "type": "array",
                  "description": "Address and port of the other ends; the first ten.",
                  "items": {
                    "type": "string"
                  }
                }
              },
              "additionalProperties": false
            },
            "restoredContainerID": {
              "type": "string",
              "description": "Full Docker ID of the container that took the original's place on this node, when the original had died (with its Docker daemon or its node) and was woken up from its own checkpoint."
            }
          },
          "additionalProperties": false
        },
        "target": {
          "type": "object",
          "description": "What the agent on the target node saw and did. Written by that agent only.",
          "required": [
            "nodeName",
            "state"
          ],
          "properties": {
            "nodeName": {
              "type": "string",
              "description": "The node that the agent runs on."
            },
            "state": {
              "type": "string",
              "description": "The last step that the agent finished. Pending (none yet), Preflighted, Prepared (the container is created, not started), Claimed (from here on only this node may run the container), Restored (it runs here), Settled (its restart policy is set again and nothing of the migration is left on the node), Failed (the error says why; nothing runs here and nothing will), Withdrawn (revoked and cleaned up).",
              "enum": [
                "Pending",
                "Preflighted",
                "Prepared",
                "Claimed",
                "Restored",
                "Settled",
                "Failed",
                "Withdrawn"
              ]
            },
            "containerID": {
              "type": "string",
              "description": "Full Docker ID of the container on the target."
            },
            "containerName": {
              "type": "string",
              "description": "Docker name of the container on the target."
            },
            "image": {
              "type": "string",
              "description": "How the container's image comes to the node: Present (it is there), Pull (the target pulls it), Transfer (the source puts it on the volume, the target loads it from there).",
              "enum": [
                "Present",
                "Pull",
                "Transfer"
              ]
            },
            "checks": {
              "type": "array",
              "description": "What the preflight found. A blocking entry refuses the migration before anything was touched; the others are worth knowing.",
              "items": {
                "type": "object",
                "required": [
                  "reason",
                  "message",
                  "blocking"
                ],
                "properties": {
                  "reason": {
                    "type": "string",
                    "description": "What was found, as one CamelCase word."
                  },
                  "message": {
                    "type": "string",
                    "description": "What was found, and what to do about it."
                  },
                  "blocking": {
                    "type": "boolean",
                    "description": "Whether the container cannot move because of it."
                  }
                },
                "additionalProperties": false
              }
            },
            "drivers": {
              "type": "array",
              "description": "Which drivers spec.driver leaves to choose from, and what stands against each on this node. One without problems is possible here.",
              "items": {
                "type": "object",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "description": "Name of the driver.",
                    "enum": [
                      "runc",
                      "docker"
                    ]
                  },
                  "problems": {
                    "type": "array",
                    "description": "What stands against it.",
                    "items": {
                      "type": "object",
                      "required": [
                        "reason",
                        "message"
                      ],
                      "properties": {
                        "reason": {
                          "type": "string",
                          "description": "What was found, as one CamelCase word."
                        },
                        "message": {
                          "type": "string",
                          "description": "What was found, and what to do about it."
                        }
                      },
                      "additionalProperties": false
                    }
                  }
                },
                "additionalProperties": false
              }
            },
            "node": {
              "type": "object",
              "description": "What the preflight saw of the node.",
              "required": [
                "machine",
                "kernel",
                "docker"
              ],
              "properties": {
                "machine": {
                  "type": "string",
                  "description": "Architecture of the node, such as x86_64."
                },
                "kernel": {
                  "type": "string",
                  "description": "Release of its kernel."
                },
                "docker": {
                  "type": "string",
                  "description": "Version of its Docker."
                },
                "criu": {
                  "type": "string",
                  "description": "Version of its CRIU."
                },
                "runc": {
                  "type": "string",
                  "description": "Version of its runc."
                },
                "cpuFeatures": {
                  "type": "array",
                  "description": "Of the source only: the instruction sets of its processor, by the names of /proc/cpuinfo. The target must have all of them.",
                  "items": {
                    "type": "string"
                  }
                }
              },
              "additionalProperties": false
            },
            "estimate": {
              "type": "object",
              "description": "What the target can tell beforehand of the move.",
              "required": [
                "readBytesPerSecond",
                "downtime"
              ],
              "properties": {
                "readBytesPerSecond": {
                  "type": "integer",
                  "format": "int64",
                  "description": "How fast this node read from the shared volume, measured.",
                  "minimum": 1
                },
                "downtime": {
                  "type": "string",
                  "description": "Predicted downtime of the container, such as 1.204s."
                }
              },
              "additionalProperties": false
            },
            "clock": {
              "type": "object",
              "description": "How far the node's clock was ahead of the clock of the shared volume, measured shortly before the freeze.",
              "required": [
                "offsetMicroseconds",
                "errorMicroseconds"
              ],
              "properties": {
                "offsetMicroseconds": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Node's clock minus volume's clock."
                },
                "errorMicroseconds": {
                  "type": "integer",
                  "format": "int64",
                  "description": "The offset is right within plus or minus this.",
                  "minimum": 0
                }
              },
              "additionalProperties": false
            },
            "preCopiedTo": {
              "type": "string",
              "description": "Full Docker ID of the created container into which what was copied before the freeze is unpacked.",
              "pattern": "^[0-9a-f]{64}$"
            },
            "seenAt": {
              "type": "string",
              "format": "date-time",
              "description": "When the agent saw that the checkpoint was published."
            },
            "verifiedAt": {
              "type": "string",
              "format": "date-time",
              "description": "When every file of the checkpoint had been compared with the manifest."
            },
            "claimedAt": {
              "type": "string",
              "format": "date-time",
              "description": "Just before the claim was written."
            },
            "wakeStartedAt": {
              "type": "string",
              "format": "date-time",
              "description": "Just before Docker was told to start the container."
            },
            "resumedAt": {
              "type": "string",
              "format": "date-time",
              "description": "When all processes of the container ran again; the downtime ends here."
            },
            "startedAt": {
              "type": "string",
              "format": "date-time",
              "description": "When Docker reported the container as started."
            },
            "lazyPages": {
              "type": "string",
              "description": "Where the container's memory is, when it is brought in while the container runs already (spec.memory): Pending (not all of it is here; the checkpoint is needed), Done (all is here and was compared with the manifest), Lost (it was not to be had any more, and the container was ended). Absent otherwise.",
              "enum": [
                "Pending",
                "Done",
                "Lost"
              ]
            },
            "memoryCompleteAt": {
              "type": "string",
              "format": "date-time",
              "description": "When all of the memory was here and had been compared with the manifest."
            },
            "restore": {
              "type": "object",
              "description": "What shows that the container was woken up and not begun anew. Its first process is the one that was dumped, or the state could not be Restored.",
              "required": [
                "processes",
                "threads",
                "found",
                "tree"
              ],
              "properties": {
                "processes": {
                  "type": "integer",
                  "description": "How many processes the checkpoint holds.",
                  "minimum": 1
                },
                "threads": {
                  "type": "integer",
                  "description": "How many threads they have together.",
                  "minimum": 0
                },
                "found": {
                  "type": "integer",
                  "description": "How many of the processes were found as they were dumped, right after the wake-up: with the same PID, parent and name. The others had ended by then, or executed another program.",
                  "minimum": 0
                },
                "criu": {
                  "type": "object",
                  "description": "What CRIU itself says of the restore; absent when it could not write that.",
                  "required": [
                    "restore"
                  ],
                  "properties": {
                    "restore": {
                      "type": "string",
                      "description": "From CRIU's start until all processes existed."
                    },
                    "pagesRestored": {
                      "type": "integer",
                      "format": "int64",
                      "description": "Pages of memory that were filled from the checkpoint.",
                      "minimum": 0
                    }
                  },
                  "additionalProperties": false
                },
                "tree": {
                  "type": "array",
                  "description": "The processes of the checkpoint, each after its parent; the first 32.",
                  "maxItems": 32,
                  "items": {
                    "type": "object",
                    "required": [
                      "pid",
                      "ppid",
                      "threads"
                    ],
                    "properties": {
                      "pid": {
                        "type": "integer",
                        "description": "Number of the process in the container.",
                        "minimum": 1
                      },
                      "ppid": {
                        "type": "integer",
                        "description": "That of its parent; 0 of the first one.",
                        "minimum": 0
                      },
                      "command": {
                        "type": "string",
                        "description": "Its name, at most 15 characters, which it may change at any time.",
                        "maxLength": 16
                      },
                      "threads": {
                        "type": "integer",
                        "description": "How many threads it has.",
                        "minimum": 0
                      },
                      "startedAt": {
                        "type": "string",
                        "format": "date-time",
                        "description": "When it came to be on this node, if it was found as it was dumped; within the time of the restore."
                      }
                    },
                    "additionalProperties": false
                  }
                }
              },
              "additionalProperties": false
            },
            "error": {
              "type": "object",
              "description": "Why the agent could not finish its step.",
              "required": [
                "reason",
                "message"
              ],
              "properties": {
                "reason": {
                  "type": "string",
                  "description": "Why, as one CamelCase word."
                },
                "message": {
                  "type": "string",
                  "description": "Why, for people, with what to do."
                },
                "logTail": {
                  "type": "string",
                  "description": "The end of the log that belongs to it."
                }
              },
              "additionalProperties": false
            },
            "retry": {
              "type": "object",
              "description": "The step failed of something that may pass, and will be tried again.",
              "required": [
                "failures",
                "notBefore"
              ],
              "properties": {
                "failures": {
                  "type": "integer",
                  "description": "How often the step has failed so far, one time after the other.",
                  "minimum": 1
                },
                "notBefore": {
                  "type": "string",
                  "format": "date-time",
                  "description": "When it is tried again, by the node's clock."
                }
              },
              "additionalProperties": false
            },
            "progress": {
              "type": "object",
              "description": "How far a step is that takes long. Refreshed every few seconds while it is done.",
              "required": [
                "doing",
                "bytes",
                "files",
                "at"
              ],
              "properties": {
                "doing": {
                  "type": "string",
                  "description": "What is being done.",
                  "enum": [
                    "Dump",
                    "Save",
                    "Publish",
                    "Verify",
                    "Apply",
                    "Wake",
                    "SaveImage",
                    "LoadImage",
                    "PullImage"
                  ]
                },
                "bytes": {
                  "type": "integer",
                  "format": "int64",
                  "description": "Bytes written or read so far."
                },
                "files": {
                  "type": "integer",
                  "description": "Files written or read so far."
                },
                "at": {
                  "type": "string",
                  "format": "date-time",
                  "description": "When that was."
                }
              },
              "additionalProperties": false
            }
          },
          "additionalProperties": false
        },
        "estimate": {
          "type": "object",
          "description": "What the preflight predicted; compare it with checkpoint and downtime at the end.",
          "required": [
            "checkpointBytes",
            "size"
          ],
          "properties": {
            "checkpointBytes": {
              "type": "integer",
              "format": "int64",
              "description": "Predicted size of the checkpoint in bytes."
            },
            "size": {
              "type": "string",
              "description": "The same for people."
            },
            "downtime": {
              "type": "string",
              "description": "Predicted time for which no process of the container runs; absent when the target did not look."
            }
          },
          "additionalProperties": false
        },
        "checkpoint": {
          "type": "object",
          "description": "The checkpoint on the volume.",
          "required": [
            "path",
            "sizeBytes",
            "size",
            "files",
            "digest",
            "driver"
          ],
          "properties": {
            "path": {
              "type": "string",
              "description": "Directory of the checkpoint, below the root of the volume."
            },
            "sizeBytes": {
              "type": "integer",
              "format": "int64",
              "description": "Size of all its files in bytes."
            },
            "size": {
              "type": "string",
              "description": "The same for people."
            },
            "files": {
              "type": "integer",
              "description": "Number of its files."
            },
            "digest": {
              "type": "string",
              "description": "SHA-256 of its manifest, which holds the digest of every file.",
              "pattern": "^sha256:[0-9a-f]{64}$"
            },
            "driver": {
              "type": "string",
              "description": "How the container was frozen, and will be woken up.",
              "enum": [
                "runc",
                "docker"
              ]
            }
          },
          "additionalProperties": false
        },
        "timings": {
          "type": "object",
          "description": "How long each part took, such as 312ms or 1.204s.",
          "properties": {
            "preflight": {
              "type": "string",
              "description": "Checks on both nodes, nothing changed."
            },
            "prepare": {
              "type": "string",
              "description": "Everything that can be done while the container still runs."
            },
            "freeze": {
              "type": "string",
              "description": "From the order to pause until the container stood still."
            },
            "dump": {
              "type": "string",
              "description": "CRIU wrote the images."
            },
            "publish": {
              "type": "string",
              "description": "The changed files were saved, digests were taken and the manifest was written."
            },
            "handover": {
              "type": "string",
              "description": "From the manifest until the target saw it. Two clocks."
            },
            "verify": {
              "type": "string",
              "description": "The target compared every file with the manifest."
            },
            "claim": {
              "type": "string",
              "description": "The API server recorded the claim, the changed files were unpacked, and the restore was armed."
            },
            "restore": {
              "type": "string",
              "description": "Docker and CRIU woke the container up."
            },
            "total": {
              "type": "string",
              "description": "From the first sight of the object to the end."
            }
          },
          "additionalProperties": false
        },
        "downtime": {
          "type": "object",
          "description": "How long the container was away. Three quantities, never mixed up.",
          "properties": {
            "frozen": {
              "type": "string",
              "description": "From the moment the first process was told to stand still to the moment the tree ran again on the target. Never too short but by clockErrorBound."
            },
            "outage": {
              "type": "string",
              "description": "The same as Docker saw it, from its pause event to its start event."
            },
            "clockErrorBound": {
              "type": "string",
              "description": "The nodes' clocks were compared with the volume's clock; the figures are right within plus or minus this."
            }
          },
          "additionalProperties": false
        }
      },
      "additionalProperties": false
    }
  },
  "additionalProperties": false
} as const;
