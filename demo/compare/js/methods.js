// Folders of pictures as methods, without a browser.

const lastOf = (path) => path.slice(path.lastIndexOf("/") + 1);

// Each folder with its pictures by the stems of their names; files in no folder are left out.
export function methodsOf(found) {
  const folders = new Map();
  for (const { file, name } of found) {
    const end = name.lastIndexOf("/");
    if (end < 0) continue;
    const folder = name.slice(0, end);
    if (!folders.has(folder)) folders.set(folder, new Map());
    folders.get(folder).set(lastOf(name).replace(/(\.ome)?\.[^.]*$/i, ""), file);
  }
  return [...folders].map(([path, files]) => ({ name: lastOf(path), files }));
}

// The names that at least two methods have, as a person counts.
export function commonStems(methods) {
  const counts = new Map();
  for (const { files } of methods) {
    for (const stem of files.keys()) counts.set(stem, (counts.get(stem) ?? 0) + 1);
  }
  const order = new Intl.Collator(undefined, { numeric: true });
  const stems = [...counts.keys()].filter((stem) => counts.get(stem) > 1);
  return stems.sort(order.compare);
}
