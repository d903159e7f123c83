// @ts-check
/**
 * What the operators' API says. Made of docs/openapi.json by scripts/generate.
 *
 * A new operator, and its token: nobody is told it again.
 * @typedef {object} AddedOperator
 * @property {string} name
 * @property {string} role
 * @property {string} token
 *
 * Somebody with a token of its own.
 * @typedef {object} AnOperator
 * @property {string} name
 * @property {string} role
 * @property {string | null} addedAt
 *
 * A banned person asks to be let in again.
 * @typedef {object} Appeal
 * @property {string} id
 * @property {string} banId
 * @property {string} at
 * @property {string} words
 * @property {string} outcome
 * @property {string} answer
 * @property {string | null} decidedAt
 *
 * An appeal with all that helps to answer it.
 * @typedef {object} AppealCard
 * @property {Appeal} appeal
 * @property {Ban} ban
 * @property {Side} banned
 * @property {Decision[]} decisions
 *
 * A page of appeals; the oldest open ones first, else the newest.
 * @typedef {object} Appeals
 * @property {Appeal[]} appeals
 * @property {boolean} more
 *
 * The newest entries of the audit log, the oldest of them first.
 * @typedef {object} Audit
 * @property {string[]} [silentNodes]
 * @property {AuditEntry[]} entries
 *
 * One line: evidence was viewed, or a tap has started or ended, both with the same ``use``.
 * @typedef {object} AuditEntry
 * @property {string} at
 * @property {string} event
 * @property {string} use
 * @property {string} what
 * @property {string | null} [room]
 * @property {string | null} [users]
 * @property {string | null} [link]
 * @property {string | null} [track]
 * @property {string | null} [report]
 * @property {string | null} [evidence]
 * @property {string | null} [operator]
 * @property {string} token
 * @property {string | null} address
 * @property {string | null} [forwardedFor]
 * @property {string | null} [request]
 * @property {number | null} [durationS]
 * @property {string | null} [why]
 * @property {number | null} [bytes]
 * @property {number | null} [packetsDropped]
 *
 * Somebody may not come in.
 * @typedef {object} Ban
 * @property {string} id
 * @property {Party} party
 * @property {string} since
 * @property {string | null} until
 * @property {string} reason
 * @property {string} by
 * @property {string} words
 * @property {string | null} liftedAt
 * @property {boolean} holds
 *
 * A ban with all that is known of who has it.
 * @typedef {object} BanCard
 * @property {Ban} ban
 * @property {Side} banned
 * @property {Appeal | null} appeal
 * @property {Decision[]} decisions
 *
 * A page of bans, newest first.
 * @typedef {object} Bans
 * @property {Ban[]} bans
 * @property {boolean} more
 *
 * A report with all that helps to decide it.
 * @typedef {object} Card
 * @property {Report} report
 * @property {Side} reported
 * @property {Side} reporter
 * @property {Decision[]} decisions
 * @property {EvidenceItem[]} evidence
 *
 * What an operator, or a rule, has decided, and why.
 * @typedef {object} Decision
 * @property {string} at
 * @property {string} by
 * @property {string} what
 * @property {string} about
 * @property {string} why
 *
 * Whether new users are turned away.
 * @typedef {object} Drain
 * @property {boolean} draining
 * @property {number | null} [deadlineS]
 * @property {string | null} [node]
 *
 * What was kept of a call, sealed; only the holder of the private key can read it.
 * @typedef {object} EvidenceItem
 * @property {string} id
 * @property {string} reportId
 * @property {string} at
 * @property {string} keepUntil
 * @property {boolean} isKept
 * @property {boolean | null} isIntact
 * @property {string | null} heldBy
 * @property {number} number
 * @property {string} digest
 * @property {string} sealedDigest
 * @property {number} addedAt
 *
 * Pieces of evidence, in the order in which they were kept.
 * @typedef {object} EvidenceList
 * @property {EvidenceItem[]} evidence
 *
 * The body of every answer from 400 on.
 * @typedef {object} Failure
 * @property {Fault} error
 *
 * Why a request failed.
 * @typedef {object} Fault
 * @property {string} code
 * @property {string} message
 *
 * Somebody's data is gone, but for bans in force and open reports.
 * @typedef {object} Forgotten
 * @property {number} changed
 *
 * The last hour; less after a start.
 * @typedef {object} History
 * @property {string[]} [silentNodes]
 * @property {number} periodS
 * @property {Sample[]} samples
 *
 * A user's media connection to the relay.
 * @typedef {object} Link
 * @property {string} id
 * @property {string} userId
 * @property {string | null} roomId
 * @property {string} state
 * @property {number} ageS
 * @property {number} consentAgeS
 * @property {Path} path
 * @property {PeerPath[]} paths
 * @property {string | null} dtlsVersion
 * @property {string | null} srtpProfile
 * @property {number | null} roundTripMs
 * @property {string[]} overBudget
 * @property {number | null} worker
 * @property {string | null} [node]
 *
 * Media connections that did not come up, or were lost, for one cause.
 * @typedef {object} LinkFailures
 * @property {string} cause
 * @property {number} count
 * @property {number} networks
 *
 * A page of links, oldest first.
 * @typedef {object} Links
 * @property {string[]} [silentNodes]
 * @property {Link[]} links
 * @property {number} total
 *
 * A report that somebody has made.
 * @typedef {object} MadeReport
 * @property {string} id
 * @property {string} at
 * @property {string} reason
 * @property {string} outcome
 * @property {string} words
 *
 * A node of the cluster, and how it is doing.
 * @typedef {object} Node
 * @property {string} name
 * @property {boolean} here
 * @property {string | null} version
 * @property {number | null} leaseS
 * @property {Totals | null} totals
 *
 * The nodes of the cluster, by their names; none where there is no cluster.
 * @typedef {object} Nodes
 * @property {string[]} [silentNodes]
 * @property {Node[]} nodes
 * @property {boolean} [storeAway]
 *
 * All operators.
 * @typedef {object} OperatorList
 * @property {AnOperator[]} operators
 *
 * A decision, as the one whom it is about is told it.
 * @typedef {object} OwnDecision
 * @property {string} at
 * @property {string} what
 * @property {string} about
 *
 * Whom something is about.
 * @typedef {object} Party
 * @property {string | null} visitor
 * @property {string | null} address
 *
 * A report in somebody's history.
 * @typedef {object} PastReport
 * @property {string} id
 * @property {string} at
 * @property {string} reason
 * @property {string} outcome
 *
 * Which way a link's datagrams go.
 * @typedef {object} Path
 * @property {string} protocol
 * @property {string} localFamily
 * @property {string | null} remoteFamily
 * @property {string | null} localAddress
 * @property {string | null} remoteAddress
 *
 * One address from which a user was heard.
 * @typedef {object} PeerPath
 * @property {string} protocol
 * @property {string} family
 * @property {string | null} address
 * @property {boolean} proven
 * @property {boolean} inUse
 *
 * All that is stored about a visitor, as it can be handed out to it.
 * @typedef {object} Personal
 * @property {string} visitor
 * @property {MadeReport[]} reportsMade
 * @property {PastReport[]} reportsAbout
 * @property {string[]} blocksMade
 * @property {Ban[]} bans
 * @property {Appeal[]} appeals
 * @property {OwnDecision[]} decisions
 *
 * Somebody has reported its partner, or a classifier has.
 * @typedef {object} Report
 * @property {string} id
 * @property {string} at
 * @property {string} reason
 * @property {number} severity
 * @property {Party} reporter
 * @property {Party} reported
 * @property {number} reporters
 * @property {string} roomId
 * @property {string} words
 * @property {string} source
 * @property {number | null} score
 * @property {string} outcome
 * @property {string | null} decidedAt
 * @property {string | null} takenBy
 * @property {string | null} takenAt
 *
 * A page of reports.
 * @typedef {object} Reports
 * @property {Report[]} reports
 * @property {number | null} total
 * @property {boolean} more
 *
 * Two users who talk.
 * @typedef {object} Room
 * @property {string} id
 * @property {[string, string]} users
 * @property {string} state
 * @property {number} ageS
 * @property {number} bitrateBps
 * @property {number} lossRatio
 * @property {string[]} problems
 * @property {RoomSide[]} [sides]
 * @property {string[]} [nodes]
 *
 * What one user of a room gets of the other.
 * @typedef {object} RoomSide
 * @property {string} userId
 * @property {number | null} quality
 * @property {string | null} grade
 * @property {string | null} leg
 *
 * A page of rooms, oldest first.
 * @typedef {object} Rooms
 * @property {string[]} [silentNodes]
 * @property {Room[]} rooms
 * @property {number} total
 * @property {number} [betweenNodes]
 *
 * How the server did during some seconds.
 * @typedef {object} Sample
 * @property {string} at
 * @property {number} connected
 * @property {number} waiting
 * @property {number} inCall
 * @property {number} badRooms
 * @property {number} packetsPerS
 * @property {number} bitrateBps
 * @property {number} lossUpRatio
 * @property {number} lossDownRatio
 * @property {number} cpuRatio
 * @property {number} workerCpuRatio
 *
 * What is known of one of the two.
 * @typedef {object} Side
 * @property {Party} party
 * @property {PastReport[]} reportsAbout
 * @property {PastReport[]} reportsMade
 * @property {Ban[]} bans
 *
 * What the event stream sends each second.
 * @typedef {object} Snapshot
 * @property {string[]} [silentNodes]
 * @property {Totals} totals
 * @property {Room[]} rooms
 * @property {Track[]} tracks
 * @property {Worker[]} workers
 * @property {LinkFailures[]} failures
 * @property {Node[]} [nodes]
 * @property {boolean} [storeAway]
 *
 * From ``warm`` on a figure deserves a look, from ``bad`` on it is a problem.
 * @typedef {object} Threshold
 * @property {number} warm
 * @property {number} bad
 *
 * From where on the figures of tracks and totals are bad, and nearly so.
 * @typedef {object} Thresholds
 * @property {Threshold} lossRatio
 * @property {Threshold} jitterMs
 * @property {Threshold} roundTripMs
 * @property {Threshold} idleS
 * @property {Threshold} lossUpRatio
 * @property {Threshold} lossDownRatio
 * @property {Threshold} cpuRatio
 * @property {Threshold} loopLagMs
 *
 * How the server is doing.
 * @typedef {object} Totals
 * @property {string[]} [silentNodes]
 * @property {string} at
 * @property {number} uptimeS
 * @property {boolean} ready
 * @property {string[]} reasons
 * @property {boolean} draining
 * @property {number} connected
 * @property {number} waiting
 * @property {number} inCall
 * @property {number} rooms
 * @property {number} links
 * @property {number} tracks
 * @property {number} badRooms
 * @property {number} packetsReceived
 * @property {number} packetsForwarded
 * @property {number} bytesForwarded
 * @property {number} packetsDropped
 * @property {number} packetsPerS
 * @property {number} bitrateBps
 * @property {number} lossUpRatio
 * @property {number} lossDownRatio
 * @property {number} cpuRatio
 * @property {number} loopLagMs
 * @property {number} eventReaders
 * @property {number} openReports
 * @property {number} openAppeals
 * @property {number} workers
 * @property {number} workersDown
 * @property {number} workerRestarts
 * @property {number} workerCpuRatio
 * @property {number} workerLoopLagMs
 * @property {number} [nodes]
 * @property {number} [roomsBetweenNodes]
 *
 * One stream of a user's, up (sent by the user) or down (received by it).
 * @typedef {object} Track
 * @property {string} id
 * @property {string} linkId
 * @property {string} userId
 * @property {string} direction
 * @property {string} kind
 * @property {string} codec
 * @property {number} ssrc
 * @property {string | null} counterpartId
 * @property {number | null} width
 * @property {number | null} height
 * @property {number | null} fps
 * @property {number} lossRatio
 * @property {number} bitrateBps
 * @property {number} repairBitrateBps
 * @property {number} packetsPerS
 * @property {number} jitterMs
 * @property {number | null} roundTripMs
 * @property {number} packets
 * @property {number} bytes
 * @property {number} leftUpRatio
 * @property {number | null} leftRelayRatio
 * @property {number | null} leftDownRatio
 * @property {number} repairPackets
 * @property {number} lost
 * @property {number} keyframes
 * @property {number} nacks
 * @property {number} asked
 * @property {number} repaired
 * @property {number} plis
 * @property {number} firs
 * @property {boolean} waitsForKeyframe
 * @property {number | null} idleS
 * @property {string | null} roomId
 * @property {string[]} problems
 * @property {number | null} quality
 * @property {string | null} grade
 * @property {string | null} leg
 * @property {Path} path
 * @property {string | null} dtlsVersion
 * @property {string | null} srtpProfile
 * @property {string[]} overBudget
 * @property {number | null} worker
 * @property {string | null} node
 *
 * A page of tracks, in the order asked for.
 * @typedef {object} Tracks
 * @property {string[]} [silentNodes]
 * @property {Track[]} tracks
 * @property {number} total
 *
 * A user, with an open WebSocket or waited for since that is lost.
 * @typedef {object} User
 * @property {string} id
 * @property {string} state
 * @property {string | null} roomId
 * @property {string | null} partnerId
 * @property {string | null} linkId
 * @property {number} ageS
 * @property {number | null} interruptedAgeS
 * @property {string | null} [linkCause]
 * @property {number | null} [quality]
 * @property {string | null} [grade]
 * @property {string | null} [leg]
 * @property {string[]} overBudget
 * @property {string | null} [node]
 *
 * A page of users, in the order in which they came.
 * @typedef {object} Users
 * @property {string[]} [silentNodes]
 * @property {User[]} users
 * @property {number} total
 *
 * A media process, or the place of one that has died and is being replaced.
 * @typedef {object} Worker
 * @property {number} index
 * @property {boolean} up
 * @property {number | null} processId
 * @property {number} udpPort
 * @property {number} ageS
 * @property {number} restarts
 * @property {number} links
 * @property {number} packetsPerS
 * @property {number} cpuRatio
 * @property {number} loopLagMs
 * @property {number} packetsForwarded
 * @property {number} packetsDropped
 * @property {string | null} [node]
 *
 * All media processes, by their UDP ports; none where media is in the server's own process.
 * @typedef {object} Workers
 * @property {string[]} [silentNodes]
 * @property {Worker[]} workers
 */

/** Those of a track. */
export const FIGURES = /** @type {const} */ ([
  { name: "width", title: "Width", word: null },
  { name: "height", title: "Height", word: null },
  { name: "fps", title: "Frames/s", word: null },
  { name: "lossRatio", title: "Loss", word: "loss" },
  { name: "bitrateBps", title: "Bit rate", word: "bitrate" },
  { name: "repairBitrateBps", title: "Repair", word: null },
  { name: "packetsPerS", title: "Packets/s", word: null },
  { name: "jitterMs", title: "Jitter", word: "jitter" },
  { name: "roundTripMs", title: "Round trip", word: "round_trip" },
  { name: "packets", title: "Packets", word: null },
  { name: "bytes", title: "Bytes", word: null },
  { name: "leftUpRatio", title: "Lost for good, up", word: null },
  { name: "leftRelayRatio", title: "Lost for good, relay", word: null },
  { name: "leftDownRatio", title: "Lost for good, down", word: null },
  { name: "repairPackets", title: "Repair packets", word: null },
  { name: "lost", title: "Lost", word: null },
  { name: "keyframes", title: "Key frames", word: null },
  { name: "nacks", title: "NACK", word: null },
  { name: "asked", title: "Asked for", word: null },
  { name: "repaired", title: "Repaired", word: null },
  { name: "plis", title: "PLI", word: null },
  { name: "firs", title: "FIR", word: null },
  { name: "waitsForKeyframe", title: "Waits for a key frame", word: null },
  { name: "idleS", title: "Silent for", word: "idle" },
]);
