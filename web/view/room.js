// @ts-check
/**
 * What a keyboard on the screen leaves. Chromium makes the page smaller by itself, as `interactive-widget`
 * asks; Safari lays the keyboard over it, and says so of the visual viewport only.
 */

export function followRoom() {
  const { visualViewport: seen } = window;
  if (!seen) return;
  const fit = () => {
    if (seen.scale > 1.01) return; // somebody has made it larger, to read
    document.documentElement.style.setProperty("--room", `${seen.height}px`);
    scrollTo(0, 0);
  };
  seen.addEventListener("resize", fit);
}
