// What numbers and failures are called.

/** A value as people read it: four digits where that is enough. */
export function valueInWords(value, unit) {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) return "–";
  const digits = Math.abs(number) >= 1000 ? 0 : 2;
  const text = number.toLocaleString(undefined, { maximumFractionDigits: digits });
  return unit ? `${text} ${unit}` : text;
}

/** How long ago `seconds` (since 1970) was, at `now` (the same). */
export function agoInWords(seconds, now) {
  const time = Number(seconds);
  if (!time) return "never";
  const ago = Math.max(0, Math.round(now - time));
  if (ago < 60) return `${ago} s ago`;
  if (ago < 3600) return `${Math.round(ago / 60)} min ago`;
  if (ago < 48 * 3600) return `${Math.round(ago / 3600)} h ago`;
  return `${Math.round(ago / 86400)} days ago`;
}

/** What to tell about a feed list that has just come. */
export function fetchedInWords(count) {
  if (count === 0) return "Your emoncms has no feeds yet.";
  return `${count} ${count === 1 ? "feed" : "feeds"}, fetched ${new Date().toLocaleTimeString()}.`;
}

/** What to tell about a refusal: its own sentence, with the time in the reader's own clock where there is one. */
export function refusalInWords(refusal, now) {
  if (refusal.error === "home_offline" && refusal.last_seen) {
    const when = new Date(refusal.last_seen * 1000).toLocaleString();
    return `Your home is not connected. It was last seen ${agoInWords(refusal.last_seen, now)} (${when}).`;
  }
  const text = String(refusal.message || "Something went wrong; try again later");
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
