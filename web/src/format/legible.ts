/**
 * Characters that cannot be seen and change how the rest reads: controls, directions
 * (U+202E turns "fdp.exe" round), joiners, and what has no width. An attacker puts them
 * into names of files, senders and rules. A joiner between two letters of a script that
 * needs it, or in an emoji, is one of them as well, and is told alike.
 */
const unseen = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The text with each of them written out, as ‹U+202E›. */
export function legible(text: string): string {
  return text.replace(unseen, (c) => `‹U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}›`);
}
