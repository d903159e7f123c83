// How a test talks to a client: a JSON object a line, in and out.
import { createInterface } from "node:readline";

/**
 * Does what the lines say until there are no more; then the process ends.
 *
 * `{"do": "offer"}` and `{"do": "look"}` are answered with a line; `{"do": "take", "sdp"}` and
 * `{"do": "send", "kind", "packet"}` (an RTP packet in base64) are not.
 *
 * @param {{
 *   offer: () => Promise<string>,
 *   take: (sdp: string) => unknown,
 *   send: (kind: "audio" | "video", packet: Buffer) => void,
 *   received: { audio: number, video: number, keyframeRequests: number },
 * }} client
 */
export async function serve(client) {
  const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    if (asked.do === "offer") say({ sdp: await client.offer() });
    else if (asked.do === "take") await client.take(asked.sdp);
    else if (asked.do === "send") client.send(asked.kind, Buffer.from(asked.packet, "base64"));
    else if (asked.do === "look") say(client.received);
    else throw new Error(`what is ${line}?`);
  }
  process.exit(0);
}
