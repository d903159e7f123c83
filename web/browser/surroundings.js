// @ts-check
/**
 * What happens around the page: the tab is hidden or left, the window gets another size, the network comes
 * back, the machine wakes.
 *
 * @typedef {{ type: "page_hidden" } | { type: "page_shown" }
 *   | { type: "page_left" } | { type: "page_back" }
 *   | { type: "surroundings_seen", stage: import("../media/size.js").Size, savesData: boolean }
 *   | { type: "network_changed" }} SurroundingsEvent
 */

const PULSE_MS = 2_000;
/** Timers of hidden tabs are late by a minute at most; a machine that sleeps is later. */
const ASLEEP_MS = 10_000;

/** @param {(event: SurroundingsEvent) => void} onEvent */
export function watchSurroundings(onEvent) {
  document.addEventListener("visibilitychange", () => {
    onEvent({ type: document.hidden ? "page_hidden" : "page_shown" });
  });
  addEventListener("pagehide", () => onEvent({ type: "page_left" }));
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) onEvent({ type: "page_back" });
  });
  addEventListener("online", () => onEvent({ type: "network_changed" }));
  watchRoom(onEvent);
  watchNetworkKind(onEvent);
  watchSleep(onEvent);
}

/**
 * How much of a picture can be shown, and whether the browser is set to save data; only some say so.
 *
 * @param {(event: SurroundingsEvent) => void} onEvent
 */
function watchRoom(onEvent) {
  const { connection } = /** @type {any} */ (navigator);
  const look = () => {
    const stage = { width: innerWidth * devicePixelRatio, height: innerHeight * devicePixelRatio };
    onEvent({ type: "surroundings_seen", stage, savesData: connection?.saveData === true });
  };
  look();
  addEventListener("resize", look);
  if (connection instanceof EventTarget) connection.addEventListener("change", look);
}

/**
 * From Wi-Fi to mobile without being offline in between; only some browsers say so.
 *
 * @param {(event: SurroundingsEvent) => void} onEvent
 */
function watchNetworkKind(onEvent) {
  const connection = /** @type {any} */ (navigator).connection;
  if (!(connection instanceof EventTarget)) return;
  const kind = () => /** @type {any} */ (connection).type;
  let before = kind();
  connection.addEventListener("change", () => {
    const now = kind();
    if (now !== before && navigator.onLine) onEvent({ type: "network_changed" });
    before = now;
  });
}

/**
 * Who wakes may be anywhere. By the clock that nobody sets: the time of day jumps when it is corrected.
 * Some browsers' clock stands still while the machine sleeps; there the link notices by itself that it
 * is interrupted.
 *
 * @param {(event: SurroundingsEvent) => void} onEvent
 */
function watchSleep(onEvent) {
  let lastMs = performance.now();
  let wasHidden = document.hidden;
  setInterval(() => {
    const asleepMs = performance.now() - lastMs - PULSE_MS;
    // A hidden tab's timers may be held back while all goes on.
    if (asleepMs > ASLEEP_MS && !wasHidden) onEvent({ type: "network_changed" });
    lastMs = performance.now();
    wasHidden = document.hidden;
  }, PULSE_MS);
}
