/** The words of the Assurance page. */
export const assuranceText = {
  title: "Assurance", detail: "Live evidence for each ISM control and Blueprint decision that Quoll touches. It is evidence; the verdict is the assessor's.",
  print: "Print", html: "Download HTML", oscal: "Download OSCAL", made: "Evidence of", release: (r: string) => `ISM ${r}`,
  counts: { shown: "shown", notMet: "not met", notVisible: "not visible" },
  unmet: "What is not met, or not visible", nothing: "Nothing.", bears: "Bears on", remedy: "What would mend it", look: "Look", query: "Ask the tables",
  items: "Controls and decisions", filter: "Filter controls", all: "All", ism: "ISM", blueprint: "Blueprint", kind: "Kind", noneMatch: "No control matches.",
  control: "Control", asks: "It asks", evidence: "Evidence", word: "The assessor's word", remark: "Remark", save: "Save", revision: (r: string, updated?: string) => `Revision ${r}${updated ? ` (${updated})` : ""}`,
  eight: (levels: string) => `Essential Eight ${levels}`, limit: "Beyond that:", by: (who: string, when: string) => `${who || "somebody"}, ${when}`, close: "Close", open: "Show the evidence",
  catalogue: (title: string, version: string) => `Compared with ${title}, release ${version}`, same: (n: number) => `${n} controls have the pinned revision`, changes: (n: number) => `${n} differ`,
};
