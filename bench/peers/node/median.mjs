/** The value in the middle; between the two that are there of an even number. Null of none. */
export function medianOf(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return sorted.length === 0 ? null : (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}
