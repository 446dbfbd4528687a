// Times and ages as people read them, in a site's own zone; the words come from the page.

const STEPS = [["d", 172800, 86400], ["h", 7200, 3600], ["min", 120, 60]];

/** A span in the largest unit of which there are two; `words` maps units to texts with %(count)s. */
export function sayAge(ms, words) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  for (const [unit, least, size] of STEPS) {
    if (seconds >= least) return words[unit].replace("%(count)s", Math.floor(seconds / size));
  }
  return words.s.replace("%(count)s", seconds);
}

const formats = new Map();

function parts(at, zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat("en-US", {
      timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
      second: "2-digit", hourCycle: "h23", timeZoneName: "short",
    }));
  }
  const found = {};
  for (const { type, value } of formats.get(zone).formatToParts(at)) found[type] = value;
  return found;
}

/** The zone's short name, or its offset: EDT, UTC+8. */
export function zoneMark(at, zone) {
  return parts(at, zone).timeZoneName.replace("GMT", "UTC");
}

export function wallTime(at, zone) {
  const p = parts(at, zone);
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}`;
}

export function clockTime(at, zone) {
  const p = parts(at, zone);
  return `${p.hour}:${p.minute}:${p.second}`;
}

export function shortTime(at, zone) {
  const p = parts(at, zone);
  return p.hour === "00" && p.minute === "00" ? `${Number(p.month)}-${p.day}` : `${p.hour}:${p.minute}`;
}

/** ms to add to UTC to read the zone's wall clock. */
export function offset(at, zone) {
  const p = parts(at, zone);
  const wall = Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second);
  return wall - Math.floor(at / 1000) * 1000;
}
