// @ts-check
/** What can be read before the page can be used: its words, which are there sooner than all that it does. */
import { recall } from "./browser/memory.js";
import { Speech } from "./browser/speech.js";
import { find, setText } from "./view/dom.js";
import { speak } from "./view/texts.js";

const speech = new Speech(show);
show();

function show() {
  const lobby = find("lobby", HTMLElement);
  const spoken = speech.speak(recall().language);
  if (!spoken || lobby.inert === false) return; // the page has it
  const { words, language } = spoken;
  speak(words, language);
  setText(find("greeting", HTMLElement), words.meetSomeone);
  setText(find("greeting-detail", HTMLElement), words.tagline);
  setText(find("start", HTMLButtonElement), words.start);
  lobby.hidden = false;
}
