// @ts-check
/**
 * Which way the media takes. The relay names TURN servers that are itself, for networks that let only
 * TCP through. They are left out at first, so that UDP has nothing to wait for; when the link is not up
 * soon after the answer they are taken in, and that is remembered, so that the next link of such a
 * network is as quick as any. Servers elsewhere are the operator's, and used at once.
 *
 * @typedef {import("./turn.js").Turn} Turn
 */

/**
 * So long a link has been on a detour, or has sought in vain, when it is looked whether UDP comes through by
 * now. Nothing is interrupted by that: the media goes on by the former path until there is a better one.
 */
const SEEK_UDP_AFTER_MS = [15_000, 30_000, 60_000];

/** By then a link over UDP has found its path, or none is there. */
const DETOUR_AFTER_MS = 1_000;

/**
 * What a link is to be opened with.
 *
 * @param {Turn} turn
 * @returns {RTCIceServer[]}
 */
export function servers({ state }) {
  const all = state.server?.iceServers ?? [];
  return state.takesDetour ? all : all.filter((server) => !isOwn(server, state.host));
}

/** The server has answered: from now on the link should come up. @param {Turn} turn */
export function answered(turn) {
  if (hasDetour(turn) && !turn.state.isLinkUp) turn.startTimer("detour", DETOUR_AFTER_MS);
}

/**
 * The link has not come up: the ways by TCP are to be gathered, too.
 *
 * @param {Turn} turn
 * @returns {boolean} whether it has to be restarted for that
 */
export function takeDetour(turn) {
  if (!turn.state.linked || turn.state.isLinkUp) return false;
  widen(turn);
  return true;
}

/**
 * A restart has brought nothing: the next one is to gather the ways by TCP, too. The browser may not
 * have noticed yet that the link is down.
 *
 * @param {Turn} turn
 */
export function widen(turn) {
  if (!hasDetour(turn)) return;
  turn.state.takesDetour = true;
  turn.order({ do: "use_servers", iceServers: servers(turn) });
}

/** Whether there is one that is not taken yet. @param {Turn} turn */
function hasDetour({ state }) {
  if (state.takesDetour) return false;
  return state.server?.iceServers.some((server) => isOwn(server, state.host)) ?? false;
}

/** A path has been found, though the link may not be up yet. @param {Turn} turn */
export function pathFound(turn) {
  turn.stopTimers("detour");
}

/**
 * The link is up, by this way.
 *
 * @param {Turn} turn
 * @param {string} protocol "udp", "tcp" or "tls"
 * @param {boolean} isRelayed whether by a TURN server
 */
export function found(turn, protocol, isRelayed) {
  const { state } = turn;
  if (!state.takesDetour) return;
  const isNeeded = isRelayed && protocol !== "udp";
  // The link keeps the servers that it has; the next one begins without them.
  state.takesDetour = isNeeded;
  turn.order({ do: "remember_way", takesDetour: isNeeded });
}

/**
 * After each look at how the media travels. The browser does not say by itself when it goes another way.
 *
 * @param {Turn} turn
 * @param {string | null} protocol
 */
export function measured(turn, protocol) {
  const { state } = turn;
  // A path that is dead may be told of until there is another one.
  if (protocol === null || turn.isDirect() || !isWhole(state)) return;
  if (protocol === "udp") {
    stopSeeking(turn);
    found(turn, protocol, false);
  } else if (state.dueMs.udp === undefined) {
    const last = SEEK_UDP_AFTER_MS.length - 1;
    turn.startTimer("udp", SEEK_UDP_AFTER_MS[Math.min(state.udpSought, last)] ?? 0);
  }
}

/**
 * It is time to look for UDP again. What mends the link looks for it anyway.
 *
 * @param {Turn} turn
 * @returns {boolean} whether the link has to be restarted for that
 */
export function seekUdp(turn) {
  const { state } = turn;
  const isIdle = state.unanswered === 0 && state.offering === 0;
  if (!isWhole(state) || state.socket !== "open" || !isIdle) return false;
  state.udpSought += 1;
  return true;
}

/** @param {import("./types.js").State} state */
function isWhole({ isLinkUp, mending }) {
  return isLinkUp && mending.step === "none";
}

/** Another link, or another network. @param {Turn} turn */
export function stopSeeking(turn) {
  turn.state.udpSought = 0;
  turn.stopTimers("udp");
}

/**
 * Whether a server is the relay itself: a TURN server on the page's own host.
 *
 * @param {RTCIceServer} server
 * @param {string} host
 */
export function isOwn({ urls }, host) {
  const all = Array.isArray(urls) ? urls : [urls];
  return all.length > 0 && all.every((url) => turnHost(url) === host.toLowerCase());
}

/**
 * The TURN servers among them that are reached over TCP or TLS.
 *
 * @param {RTCIceServer[]} servers
 * @returns {RTCIceServer[]}
 */
export function serversOverTcp(servers) {
  return servers.flatMap((server) => {
    const urls = [server.urls].flat().filter((url) => /^turns:|^turn:.*[?&]transport=tcp\b/i.test(url));
    return urls.length ? [{ ...server, urls }] : [];
  });
}

/**
 * The relay's description, with the candidates of one way alone. What goes by TURN may have them all.
 *
 * @param {string} sdp
 * @param {import("./trial.js").Way} way
 * @returns {string | null} null when it has none
 */
export function limit(sdp, way) {
  const lines = sdp.split(/(?<=\n)/);
  const isLeft = (/** @type {string} */ line) => {
    const [, protocol] = /^a=candidate:\S+ \d+ (\w+) /i.exec(line) ?? [];
    return !protocol || way === "turn" || protocol.toLowerCase() === way;
  };
  const left = lines.filter(isLeft);
  return left.some((line) => line.startsWith("a=candidate:")) ? left.join("") : null;
}

/** @param {string} url such as "turns:example.org:443?transport=tcp" (RFC 7065) */
function turnHost(url) {
  const [, host] = /^turns?:(\[[^\]]*\]|[^:?]+)/i.exec(url) ?? [];
  return host?.toLowerCase();
}
