// @ts-check
/** The page as an app among others, where the browser offers that. */
import { find } from "./dom.js";

/** @typedef {globalThis.Event & { prompt: () => Promise<unknown> }} InstallEvent */

export function offerInstall() {
  const button = find("install", HTMLButtonElement);
  /** @type {InstallEvent | null} */
  let offer = null;
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault(); // it would come when it suits the browser
    offer = /** @type {InstallEvent} */ (event);
    button.hidden = false;
  });
  addEventListener("appinstalled", () => { button.hidden = true; });
  button.onclick = () => {
    button.hidden = true; // an offer is good for one answer
    offer?.prompt().catch((error) => console.info("It was not installed:", error));
  };
}
