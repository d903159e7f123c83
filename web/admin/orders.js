// @ts-check
/** What operators order, after they have confirmed it. */
import { confirmed } from "./view/confirm.js";
import { order, remove } from "./wire/api.js";

export class Orders {
  #tell;
  #onLoggedOut;

  /**
   * @param {(text: string, isFault: boolean) => void} tell how it went
   * @param {() => void} onLoggedOut
   */
  constructor(tell, onLoggedOut) {
    this.#tell = tell;
    this.#onLoggedOut = onLoggedOut;
  }

  /** @param {string} id */
  async disconnect(id) {
    const isSure = await confirmed({
      title: "Disconnect this user?",
      text: `User ${id} is disconnected at once. A partner searches again.`,
      action: "Disconnect",
    });
    if (isSure) this.#report(await remove("users", id), `User ${id} was disconnected.`);
  }

  /** @param {string} id */
  async endRoom(id) {
    const isSure = await confirmed({
      title: "End this call?",
      text: `Both users of room ${id} are parted and stay connected.`,
      action: "End the call",
    });
    if (isSure) this.#report(await remove("rooms", id), `Room ${id} was ended.`);
  }

  /** @param {boolean} wanted @param {string} [node] of a cluster */
  async drain(wanted, node) {
    const isSure = !wanted || await confirmed({
      title: node ? `Drain node ${node}?` : "Drain this server?",
      text: "It takes no new users until you let it. Who has no partner is moved to another server; calls go on.",
      action: "Drain",
    });
    if (!isSure) return;
    const query = node ? `?node=${encodeURIComponent(node)}` : "";
    const answer = await order(wanted ? "POST" : "DELETE", `drain${query}`);
    const who = node ? `Node ${node}` : "The server";
    this.#report(answer, wanted ? `${who} takes no new users.` : `${who} takes new users again.`);
  }

  /** @param {import("./wire/api.js").Answer} answer @param {string} success */
  #report({ status, fault }, success) {
    if (status === 401) this.#onLoggedOut();
    else this.#tell(fault || success, fault !== "");
  }
}
