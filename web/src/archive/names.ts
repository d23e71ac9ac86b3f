/** The names of a text with one a line, each once. */
export function namesOf(lines: string): string[] {
  return [...new Set(lines.split("\n").map((line) => line.trim()).filter(Boolean))];
}
