/** Files of a set by their name within it, and what people call the set. */
export interface GivenSet {
  readonly label: string;
  readonly files: ReadonlyMap<string, File>;
}

const isImage = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

/** A set of files that were picked one by one, or in a folder that the browser walked. */
export function pickedSet(files: readonly File[]): GivenSet {
  return setOf(files.map((file) => [file.webkitRelativePath || file.name, file]));
}

/** What was dropped, folders walked to their ends; `counted` hears how many files there are so far. */
export async function droppedSet(data: DataTransfer, counted: (files: number) => void): Promise<GivenSet> {
  // entries are gone after the event
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return pickedSet([...data.files]);
  const found: [string, File][] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isDirectory) {
      for (const inner of await entriesIn(entry as FileSystemDirectoryEntry)) await walk(inner);
      return;
    }
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    found.push([entry.fullPath.slice(1), file]);
    if (found.length % 100 === 0) counted(found.length);
  };
  for (const entry of entries) await walk(entry);
  return setOf(found);
}

async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // it gives a hundred at a time, and none at the end
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** Names lose the folder that all of them lie in, as a command that is given the folder sees them. */
function setOf(named: readonly (readonly [path: string, File])[]): GivenSet {
  const tops = new Set(named.map(([path]) => (path.includes("/") ? path.split("/", 1)[0]! : "")));
  const [top] = tops;
  const isInOne = tops.size === 1 && top !== "";
  const files = new Map(named.map(([path, file]) => [isInOne ? path.slice(top!.length + 1) : path, file]));
  const label = isInOne ? top! : named.length === 1 ? named[0]![0] : "files";
  return { label, files };
}

/** The path that a command line would name: the set's folder, or its only file where that is no image. */
export function pathOf(set: string, { files }: GivenSet): string {
  const [only] = files.keys();
  return files.size === 1 && !isImage(only!) ? `${set}/${only}` : set;
}

const counted = (count: number, noun: string): string =>
  count === 0 ? "" : `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** "fakes: 500 images" */
export function wordsOfSet({ label, files }: GivenSet): string {
  if (files.size === 1) return label;
  const images = [...files.keys()].filter(isImage).length;
  const parts = [counted(images, "image"), counted(files.size - images, "other file")];
  return `${label}: ${parts.filter(Boolean).join(", ")}`;
}
