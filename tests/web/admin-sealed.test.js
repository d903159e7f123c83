// @ts-check
/** Against what Python's cryptography has sealed: cryptography.hazmat.primitives.hpke. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, open, readPrivateKey } from "../../web/admin/wire/hpke.js";
import { blobOf, openPiece } from "../../web/admin/wire/sealed.js";

// X25519PrivateKey.from_private_bytes(bytes(range(32))), as PKCS #8.
const PEM = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
`;
const OTHER = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VuBCIEIAABAgMFBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
`;
// b"RELAYEV1" + the public key's digest, and Suite(X25519, HKDF_SHA256, AES_128_GCM).encrypt(..., info=those)
const SEALED = fromBase64(
  "UkVMQVlFVjHu3Yg9oKlFFe50fZTdANw1EIt8ztRmyGqnBtpVC0VJsqJCsZ3ZUa9AEQuFJoXUjZrgtoGdXbsw7DgdtiOPYevtBZFIE2VVqCtckbgmPYRTzPLH//dGx7IAJUA1+QUsgItIW9KEDu6P8lSbKbjqJB0=",
);
const PLAIN = '{"version": 1, "reportId": "r1", "words": "h\\u00e9llo"}';

test("what Python has sealed is opened", async () => {
  const plain = await open(await readPrivateKey(PEM), SEALED.slice(0, 16), SEALED.slice(16));
  assert.equal(new TextDecoder().decode(plain), PLAIN);
});

test("what was changed anywhere, or is cut short, does not open", async () => {
  const key = await readPrivateKey(PEM);
  for (const at of [16, 40, 48, SEALED.length - 1]) {
    const changed = SEALED.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(open(key, changed.slice(0, 16), changed.slice(16)));
  }
  for (const length of [0, 31, 32, 47, SEALED.length - 17]) {
    await assert.rejects(open(key, SEALED.slice(0, 16), SEALED.slice(16, 16 + length)));
  }
  const info = SEALED.slice(0, 16);
  info[0] = 0;
  await assert.rejects(open(key, info, SEALED.slice(16)), "what it is told to be is sealed, too");
});

test("what is no key is refused", async () => {
  for (const wrong of ["", "key", PEM.replace("MC4C", "AAAA"), PEM.replaceAll("PRIVATE", "PUBLIC")]) {
    await assert.rejects(readPrivateKey(wrong));
  }
});

test("a piece is opened with its place in the chain before it, and without", async () => {
  const key = await readPrivateKey(PEM);
  const place = new TextEncoder().encode('{"id": "e1", "number": 1}\n');
  for (const piece of [SEALED, new Uint8Array([...place, ...SEALED])]) {
    assert.deepEqual(await openPiece(piece, key), { reporter: { pictures: [] }, reported: { pictures: [] }, chat: [] });
  }
});

test("why a piece does not open is said in words", async () => {
  const key = await readPrivateKey(PEM);
  const changed = SEALED.slice();
  changed[60] = (changed[60] ?? 0) ^ 1;
  await assert.rejects(openPiece(changed, key), { message: "This was changed after it had been sealed, or is cut short." });
  await assert.rejects(openPiece(SEALED, await readPrivateKey(OTHER)), { message: "This is sealed for another key." });
  for (const none of [new Uint8Array(), new Uint8Array(40), new TextEncoder().encode("{}")]) {
    await assert.rejects(openPiece(none, key), { message: "This is no sealed evidence." });
  }
});

test("pictures are in base64url", async () => {
  const blob = blobOf({ at: 0, width: 1, height: 1, webp: "-_8=" });
  assert.deepEqual([blob.type, [...new Uint8Array(await blob.arrayBuffer())]], ["image/webp", [251, 255]]);
});
