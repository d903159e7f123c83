// @ts-check
/** Asks before something is done that cannot be taken back. */
import { find, setText } from "../../view/dom.js";

/**
 * @param {{ title: string, text: string, action: string }} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, action }) {
  const dialog = find("confirm", HTMLDialogElement);
  const button = find("confirm-action", HTMLButtonElement);
  setText(find("confirm-title", HTMLElement), title);
  setText(find("confirm-text", HTMLElement), text);
  setText(button, action);
  dialog.returnValue = "";
  button.onclick = () => dialog.close("yes");
  find("confirm-cancel", HTMLButtonElement).onclick = () => dialog.close();
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
