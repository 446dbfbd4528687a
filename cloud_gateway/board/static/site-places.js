// Degrees as people type them, and the view that holds them; no page, no map.

const PAIR = /^\s*(-?\d{1,3}(?:\.\d{1,20})?)\s*[,，;；\s]\s*(-?\d{1,3}(?:\.\d{1,20})?)\s*$/;
const KM_PER_DEGREE = 111.32;
/** A site alone is shown with so much around it, degrees of latitude. */
const LEAST = 0.02;

/** [longitude, latitude]; null while the fields are no position. */
export function readPoint(latitude, longitude) {
  const [lat, lon] = [Number(latitude), Number(longitude)];
  const isThere = latitude.trim() && longitude.trim() && Math.abs(lat) <= 85 && Math.abs(lon) <= 180;
  return isThere ? [lon, lat] : null;
}

/** Rings of [longitude, latitude]; null when a line is no corner. */
export function readCorners(text) {
  const rings = [[]];
  for (const line of text.split(/\r\n|\r|\n/)) {
    const found = PAIR.exec(line);
    if (found && Math.abs(found[1]) <= 85 && Math.abs(found[2]) <= 180) rings.at(-1).push([Number(found[2]), Number(found[1])]);
    else if (line.trim()) return null;
    else if (rings.at(-1).length) rings.push([]);
  }
  return rings.filter((ring) => ring.length);
}

export function writeCorners(rings) {
  return rings.map((ring) => ring.map(([lon, lat]) => `${writeDegrees(lat)}, ${writeDegrees(lon)}`).join("\n")).join("\n\n");
}

export function writeDegrees(value) {
  return String(Number(value.toFixed(6)));
}

/** Kilometres from west to east at a latitude. */
export function broad(west, east, latitude) {
  return (east - west) * KM_PER_DEGREE * Math.cos((latitude * Math.PI) / 180);
}

/** A round number of degrees, so that some four lines cross the map. */
export function gridStep(degrees, width) {
  const wanted = degrees / Math.max(2, width / 150);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return power * [1, 2, 5, 10].find((n) => n * power >= wanted);
}

/** [west, south, east, north] around places in the shape of the element; around other sites or the land without any. */
export function fitBox(places, others, land, element) {
  const known = places.length ? places : others.map(([, lon, lat]) => [lon, lat]);
  const [lons, lats] = [known.map((p) => p[0]), known.map((p) => p[1])];
  const frame = known.length
    ? [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)]
    : (land ?? [73, 18, 135, 54]);
  const [west, south, east, north] = frame;
  const aspect = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const shape = element.clientHeight / element.clientWidth;
  const tall = Math.max((north - south) * 1.5, (east - west) * 1.5 * aspect * shape, LEAST);
  const [x, y, wide] = [(west + east) / 2, (south + north) / 2, tall / shape / aspect];
  return [x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2];
}
