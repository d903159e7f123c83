// @ts-check
/**
 * What the operators' API says, as far as the dashboard looks at it; docs/openapi.json has all of it.
 *
 * @typedef {"loss" | "jitter" | "round_trip" | "silent" | "no_keyframe"} Problem
 *
 * @typedef {object} Totals
 * @property {string} at
 * @property {number} uptimeS
 * @property {boolean} ready
 * @property {string[]} reasons
 * @property {boolean} draining
 * @property {number} connected
 * @property {number} waiting
 * @property {number} inCall
 * @property {number} rooms
 * @property {number} tracks
 * @property {number} badRooms
 * @property {number} packetsPerS
 * @property {number} bitrateBps
 * @property {number} lossUpRatio
 * @property {number} lossDownRatio
 * @property {number} cpuRatio
 * @property {number} loopLagMs
 *
 * @typedef {object} Room
 * @property {string} id
 * @property {[string, string]} users
 * @property {string} state
 * @property {number} ageS
 * @property {number} bitrateBps
 * @property {number} lossRatio
 * @property {Problem[]} problems
 *
 * @typedef {object} Path
 * @property {string} protocol
 * @property {string | null} remoteFamily
 * @property {string | null} remoteAddress
 *
 * @typedef {object} Track
 * @property {string} id
 * @property {string} linkId
 * @property {string} userId
 * @property {string | null} roomId
 * @property {"up" | "down"} direction
 * @property {"audio" | "video"} kind
 * @property {string} codec
 * @property {number} ssrc
 * @property {string | null} counterpartId
 * @property {Problem[]} problems
 * @property {number | null} width
 * @property {number | null} height
 * @property {number | null} fps
 * @property {number} bitrateBps
 * @property {number} repairBitrateBps
 * @property {number} packetsPerS
 * @property {number} lossRatio
 * @property {number} jitterMs
 * @property {number | null} roundTripMs
 * @property {number} packets
 * @property {number} bytes
 * @property {number} repairPackets
 * @property {number} lost
 * @property {number} keyframes
 * @property {number} nacks
 * @property {number} plis
 * @property {number} firs
 * @property {boolean} waitsForKeyframe
 * @property {number | null} idleS
 * @property {Path} path
 * @property {string | null} dtlsVersion
 * @property {string | null} srtpProfile
 *
 * @typedef {object} User
 * @property {string} id
 * @property {string} state
 * @property {string | null} roomId
 * @property {string | null} partnerId
 * @property {string | null} linkId
 * @property {number} ageS
 *
 * @typedef {object} AuditEntry
 * @property {string} at
 * @property {"tap_started" | "tap_ended"} event
 * @property {string} use
 * @property {string} what
 * @property {string | null} [users]
 * @property {string | null} [room]
 * @property {string | null} [track]
 * @property {string} token
 * @property {string | null} address
 * @property {number | null} [durationS]
 * @property {string | null} [why]
 *
 * @typedef {Pick<Totals, "at" | "connected" | "waiting" | "inCall" | "packetsPerS" | "bitrateBps"
 *   | "lossUpRatio" | "lossDownRatio" | "cpuRatio">} Sample
 *
 * @typedef {object} Snapshot
 * @property {Totals} totals
 * @property {Room[]} rooms the worst first
 * @property {Track[]} tracks
 *
 * @typedef {object} Session
 * @property {boolean} loggedIn
 * @property {boolean} [tapsAllowed]
 */
export {};
