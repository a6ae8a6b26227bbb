// PIs in free text: those that are well formed, once each, and what is wrong with the others.

const form = /^[0-9A-Z]{26}$/;

export function read_pis(text) {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const seen = new Set();
  const malformed = [];
  let repeated = 0;
  for (const word of words) {
    if (!form.test(word)) malformed.push(word);
    else if (seen.has(word)) ++repeated;
    else seen.add(word);
  }
  return { pis: [...seen], malformed, repeated };
}

export function describe({ pis, malformed, repeated }) {
  const parts = [pis.length === 1 ? "1 PI" : `${pis.length || "No"} ${pis.length ? "PIs" : "PI"}`];
  if (repeated) parts.push(`${repeated} left out because they stand there twice`);
  if (malformed.length) parts.push(`${malformed.length} malformed`);
  return parts.join(", ");
}
