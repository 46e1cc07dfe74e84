// Files of a study: which are pictures, what folders that were dropped hold, names.

const PICTURE = /\.(png|jpe?g|webp|tiff?|bmp|gif|heic|heif|avif|mrc|dv|czi|nd2|lif)$/i;

export const isPicture = ({ name }) => !name.startsWith(".") && PICTURE.test(name);

export const stemOf = (name) => name.replace(/(\.ome(?=\.[tT][iI][fF]{1,2}$))?\.[^.]*$/, "");

// A study's name becomes a folder: letters without accents, digits, - and _.
export function slugOf(text) {
  return text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "-")
    .replace(/^[-_]+|-+$/g, "")
    .slice(0, 40);
}

// The first of NAME, NAME-2, NAME-3, ... that is not taken; never longer than a name may be.
export function freeName(wanted, taken) {
  const base = slugOf(wanted) || "study";
  for (let number = 1; ; number += 1) {
    const ending = number === 1 ? "" : `-${number}`;
    const name = base.slice(0, 40 - ending.length) + ending;
    if (!taken.includes(name)) return name;
  }
}

// What a folder's method is called at first: as the folder, as far as names go.
export const methodName = (folder) =>
  folder.replace(/[^\p{L}\p{N} ._+-]/gu, " ").replace(/\s+/g, " ").replace(/^[ ._+-]+/, "").slice(0, 40).trim() || "A";

// Files that were chosen with their folder, by folder: [name, files] each.
export function byFolder(files) {
  const folders = new Map();
  for (const file of files) {
    const parts = (file.webkitRelativePath || "").split("/");
    const name = parts.length > 1 ? parts[parts.length - 2] : "";
    folders.set(name, [...(folders.get(name) ?? []), file]);
  }
  return [...folders];
}

// What was dropped: loose files, and folders with the files right in them.
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return { files: [...transfer.files], folders: [] };
  const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));
  const files = await Promise.all(entries.filter((entry) => entry.isFile).map(fileOf));
  const folders = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory)
      .map(async (entry) => [entry.name, await Promise.all((await childrenOf(entry)).filter((e) => e.isFile).map(fileOf))]),
  );
  return { files, folders };
}

async function childrenOf(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all;
    all.push(...some);
  }
}
