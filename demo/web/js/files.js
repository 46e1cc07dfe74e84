// Files that were dropped or chosen, with those of folders, and which of them are pictures.

const PICTURE = /\.(png|jpe?g|jpe|jfif|webp|tiff?|bmp|dib|gif|avif|hei[cf]|mrc|dv|czi|nd2|lif)$/i;
const HIDDEN = /(^|\/)(\.|__MACOSX)/;
const MOST_LOOKED_AT = 5000; // entries of folders

export function isPicture({ file, name }) {
  return (file.type.startsWith("image/") || PICTURE.test(name)) && !HIDDEN.test(name);
}

// The pictures in the order of their names; what is no picture counts only where nothing is one.
export function picturesOf(found) {
  const pictures = found.filter(isPicture);
  const order = new Intl.Collator(undefined, { numeric: true });
  pictures.sort((a, b) => order.compare(a.name, b.name));
  return pictures.length ? pictures : found.slice(0, 1);
}

const read = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

async function walk(entries) {
  const found = [];
  const waiting = [...entries];
  for (let looked = 0; waiting.length && looked < MOST_LOOKED_AT; looked += 1) {
    const entry = waiting.shift();
    try {
      if (entry.isFile) found.push({ file: await fileOf(entry), name: entry.fullPath.slice(1) });
      else {
        const reader = entry.createReader();
        for (let some = await read(reader); some.length; some = await read(reader)) {
          waiting.push(...some);
        }
      }
    } catch (error) {
      console.warn(entry.fullPath, error); // what cannot be read is passed over
    }
  }
  return found;
}

// What was dropped. Entries have to be taken at once: they are gone after the event.
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.());
  const isFolder = entries.some((entry) => entry?.isDirectory);
  const plain = [...transfer.files].map((file) => ({ file, name: file.name }));
  return picturesOf(isFolder ? await walk(entries.filter(Boolean)) : plain);
}

export const chosenFiles = (files) =>
  picturesOf([...files].map((file) => ({ file, name: file.webkitRelativePath || file.name })));
