// @ts-check
/** Why links fail, in words for operators: docs/protocol.md says how each is found. */

/** @type {Record<string, { title: string, help: string }>} */
const CAUSES = {
  server_unreachable: {
    title: "No way to the server",
    help: "Open the media ports, and see whether public_ip and the public ports are what the world sees; relay doctor looks.",
  },
  udp_blocked: {
    title: "UDP blocked, and no other way",
    help: "It is these users' networks; tcp_media, best on port 443 with TLS, gives them another way.",
  },
  tcp_blocked: {
    title: "UDP and TCP blocked",
    help: "It is these users' networks; media on the page's own port, 443 with TLS, gets through most of them.",
  },
  turn_refused: {
    title: "Refused by TURN",
    help: "See whether turn_secret and ice_servers fit your TURN server, and whether the clocks agree.",
  },
  dtls_failed: {
    title: "No handshake",
    help: "Something between lets checks through and DTLS not: a firewall or security software; with many, see the server's MTU.",
  },
  ipv6_only: {
    title: "IPv6 alone",
    help: "Give the server an IPv6 address, and name it in public_ip.",
  },
  slow: {
    title: "Too slow",
    help: "these users are far away or on poor lines; with many, see the server's load, and link_timeout_s.",
  },
  lost: {
    title: "Lost when it was up",
    help: "Networks come and go; with many at one moment, see the server's log and its own network.",
  },
};

/**
 * @param {string} cause perhaps one that only newer servers know
 * @returns {{ title: string, help: string }} what it is called, and what an operator may do
 */
export function causeOf(cause) {
  return Object.entries(CAUSES).find(([name]) => name === cause)?.[1] ?? { title: cause, help: "" };
}
