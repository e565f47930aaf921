/** The payload of all jobs, about 100 bytes as JSON: that of "steadwork bench", with the job's number as the size. */
export const note = number => ({
  path: "notes/2026/a-note-of-usual-length.md",
  size: number,
  tags: ["a", "b", "c"],
  reason: "import of notes",
});

export const notes = (first, count) => Array.from({ length: count }, (_, index) => note(first + index));
