// @ts-check
/**
 * Names for people who have none: made of the user's id, so that they are the same on every page and for every
 * operator, and can be said aloud. The id itself is told where one user is shown, and when a name is pointed at.
 */

const KINDS = [
  "amber", "azure", "black", "blue", "brass", "bronze", "brown", "coral", "cream", "crimson", "cyan", "golden",
  "green", "grey", "indigo", "ivory", "jade", "lilac", "lime", "mauve", "mint", "navy", "ochre", "olive", "pearl",
  "pink", "plum", "red", "rusty", "silver", "teal", "white",
];
const ANIMALS = [
  "badger", "bat", "bear", "beaver", "bee", "bison", "boar", "camel", "cat", "cobra", "crab", "crane", "crow",
  "deer", "dingo", "dog", "dove", "duck", "eagle", "egret", "elk", "falcon", "ferret", "finch", "fox", "frog",
  "gecko", "goat", "goose", "hare", "hawk", "heron", "horse", "ibis", "jackal", "jay", "koala", "lark", "lion",
  "llama", "lynx", "mole", "moose", "moth", "mouse", "newt", "orca", "otter", "owl", "panda", "puma", "quail",
  "rabbit", "raven", "robin", "seal", "shark", "sloth", "snail", "stork", "swan", "tiger", "toad", "wren",
];
/** So many characters tell rooms apart at a glance. */
const SHORT = 8;

/**
 * Of a million names: two users of a server have the same one only by rare chance.
 *
 * @param {string} userId
 */
export function nameOf(userId) {
  let hash = 0x811c9dc5; // FNV-1a
  for (const character of userId) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  const number = ((hash >>> 16) & 0x1ff).toString(16).padStart(3, "0");
  return `${KINDS[hash & 31]} ${ANIMALS[(hash >>> 5) & 63]} ${number}`;
}

/** @param {string} id of something that is no person */
export function shortOf(id) {
  return id.slice(0, SHORT);
}

/** @param {readonly string[]} userIds */
export function namesOf(userIds) {
  return userIds.map(nameOf).join(" and ");
}
