// @ts-check
/** Two soft notes: somebody is there, or the speaker is tried. */

const NOTES_HZ = [523.25, 659.25];
const NOTE_S = 0.16;
const LOUDNESS = 0.08;

/** @param {string} speakerId empty, or no longer there: where the browser plays everything */
export async function play(speakerId) {
  const context = new AudioContext();
  const gain = context.createGain();
  gain.gain.value = LOUDNESS;
  gain.connect(await outputOf(context, speakerId));
  for (const [index, hertz] of NOTES_HZ.entries()) {
    const note = context.createOscillator();
    note.frequency.value = hertz;
    note.connect(gain);
    note.start(context.currentTime + index * NOTE_S);
    note.stop(context.currentTime + (index + 1) * NOTE_S);
    if (index === NOTES_HZ.length - 1) note.onended = () => context.close();
  }
}

/** @param {AudioContext} context @param {string} speakerId */
async function outputOf(context, speakerId) {
  if (!speakerId || !("setSinkId" in HTMLMediaElement.prototype)) return context.destination;
  const through = context.createMediaStreamDestination();
  const element = new Audio();
  element.srcObject = through.stream;
  try {
    await element.setSinkId(speakerId);
    await element.play();
    return through;
  } catch (error) {
    console.info("No such speaker:", error);
    return context.destination;
  }
}
