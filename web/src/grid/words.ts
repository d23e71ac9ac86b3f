/** The order of words: without case, digits as numbers. */
export const collator = new Intl.Collator("en-AU", { numeric: true, sensitivity: "base" });

const [first, last] = [0x20, 0x7e]; // what of ASCII can be seen
const [zero, nine] = [0x30, 0x39];
/** More digits in a row than this the collator takes for two numbers. */
const mostDigits = 200;

/** The place of each character of ASCII among all of them, as the collator has it. */
const places = (() => {
  const all = Array.from({ length: last - first + 1 }, (_, i) => String.fromCharCode(first + i)).sort(collator.compare);
  const places = new Uint16Array(last + 1);
  all.forEach((c, i) => (places[c.charCodeAt(0)] = i > 0 && collator.compare(all[i - 1]!, c) === 0 ? places[all[i - 1]!.charCodeAt(0)]! : i + 1));
  return places;
})();

/**
 * A text that compares with others of its kind as the collator compares the words that
 * they stand for; undefined for words with characters beyond ASCII, which only the
 * collator knows about.
 */
export function keyOf(words: string): string | undefined {
  const codes: number[] = [];
  for (let i = 0; i < words.length; i++) {
    const c = words.charCodeAt(i);
    if (c < first || c > last) return undefined;
    if (c < zero || c > nine) {
      codes.push(places[c]!);
      continue;
    }
    // A number comes by how many digits it has, then by these; zeros in front count for nothing.
    let end = i;
    while (end < words.length && words.charCodeAt(end) >= zero && words.charCodeAt(end) <= nine) end++;
    while (i < end && words.charCodeAt(i) === zero) i++;
    if (end - i > mostDigits) return undefined;
    codes.push(places[zero]!, end - i + 1);
    for (; i < end; i++) codes.push(words.charCodeAt(i));
    i = end - 1;
  }
  return codes.length < 4096 ? String.fromCharCode(...codes) : undefined;
}
