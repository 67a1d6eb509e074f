/** Saving what a panel shows as a file of the user's. */

/** Offer some content for download. */
export function saveFile(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Save canvases drawn over each other as one PNG, on an opaque ground so that it reads on any page. */
export function savePng(name, layers, ground) {
  const width = Math.max(...layers.map((layer) => layer.width));
  const height = Math.max(...layers.map((layer) => layer.height));
  const sheet = new OffscreenCanvas(width, height);
  const context = sheet.getContext("2d");
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  context.imageSmoothingEnabled = false;
  for (const layer of layers) context.drawImage(layer, 0, 0, width, height);
  return sheet.convertToBlob({ type: "image/png" }).then((blob) => saveFile(name, blob, "image/png"));
}

/** Rows as CSV; text with commas, quotes or line ends is quoted. */
export function csv(rows) {
  return rows.map((row) => row.map(csvCell).join(",")).join("\n") + "\n";
}

function csvCell(value) {
  const text = String(value ?? "");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A tag as a file name. */
export function fileName(tag, ending) {
  return `${tag.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-|-$/g, "") || "spiraltorch"}.${ending}`;
}
