// @ts-check
/** The way in. */
import { find, setText } from "../../view/dom.js";
import { ask } from "../wire/api.js";

export class LoginView {
  #section = find("login", HTMLElement);
  #form = find("login-form", HTMLFormElement);
  #token = find("token", HTMLInputElement);
  #button = find("login-button", HTMLButtonElement);
  #fault = find("login-fault", HTMLElement);
  #why = find("login-why", HTMLElement);

  /** @param {() => void} onLoggedIn */
  constructor(onLoggedIn) {
    this.#form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (await this.#logIn()) onLoggedIn();
    });
  }

  /** @param {string} why one has to log in; empty when that goes without saying */
  show(why) {
    setText(this.#why, why);
    this.#why.hidden = !why;
    this.#section.hidden = false;
    this.#token.focus();
  }

  hide() {
    this.#section.hidden = true;
  }

  async #logIn() {
    this.#button.disabled = true;
    setText(this.#fault, "");
    const { status, fault } = await ask("POST", "login", { token: this.#token.value });
    this.#button.disabled = false;
    setText(this.#fault, fault);
    if (status === 204) this.#form.reset();
    else this.#token.select();
    return status === 204;
  }
}
