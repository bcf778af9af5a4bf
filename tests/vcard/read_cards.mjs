// Reads one JSON string a line, a vCard, and answers with one line: {"jcard": …} as ical.js reads it (RFC 7095),
// or {"error": "…"}. ical.js is the parser of Thunderbird.
import { createInterface } from "node:readline";
import ICAL from "ical.js";

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { jcard: ICAL.parse(JSON.parse(line)) };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
