// @ts-check
/** System notifications: leave to show them is asked for only when the person wants them. */

/** @returns {Promise<boolean>} whether they may be shown */
export async function askToTell() {
  try {
    return (await Notification.requestPermission()) === "granted";
  } catch {
    return false; // none here, or not over http
  }
}

/**
 * Say that somebody has come, until the person looks.
 *
 * @param {string} text
 * @param {string} icon
 */
export function tell(text, icon) {
  navigator.vibrate?.([200, 100, 200]);
  try {
    const notification = new Notification(text, { icon, tag: "relay" });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
    document.addEventListener("visibilitychange", () => notification.close(), { once: true });
  } catch (error) {
    console.info("No notification:", error); // browsers of phones have none for pages
  }
}
