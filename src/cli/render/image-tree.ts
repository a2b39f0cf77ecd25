import type { ImageTree, LayerNode, SharingImage } from '../../engine/index.ts';
import { displayWidth } from '../../query/align.ts';
import { formatId, formatSize } from './image-fields.ts';

interface TreeLine {
  readonly layer: string;
  readonly size: string;
  readonly uses: string;
  readonly names: readonly string[];
}

// Deeper branches are not indented any further.
const deepestBranch = 8;

/** Renders the forest of layers and the bytes that each image shares, in lines of at most `width` columns. */
export function renderImageTree({ layers, images }: ImageTree, options: { width: number; whole: boolean }): string {
  const names = Map.groupBy(images, ({ id }) => id);
  const nameOf = (id: string): string[] =>
    (names.get(id as SharingImage['id']) ?? []).map((image) => formatImageName(image, options.whole));
  const lines = layers.flatMap((node) => linesOf(node, options.whole, nameOf));
  const sections = lines.length === 0 ? [] : [layerTable(lines, options.width)];
  return [...sections, imageTable(images, options)].join('\n');
}

const formatImageName = ({ id, repository, tag }: SharingImage, whole: boolean): string =>
  repository === undefined ? formatId(id, whole) : `${repository}:${tag ?? '<none>'}`;

interface OpenBranch {
  readonly node: LayerNode;
  /** Indent of the node itself, and of its descendants. */
  readonly first: string;
  readonly rest: string;
  readonly depth: number;
}

/** Lists the lines of a tree. An only child has the indent of its parent, so that images of many layers stay narrow. */
function linesOf(root: LayerNode, whole: boolean, namesOf: (id: string) => readonly string[]): TreeLine[] {
  const lines: TreeLine[] = [];
  const waiting: OpenBranch[] = [{ node: root, first: '', rest: '', depth: 0 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { node, first, rest, depth } = next;
    lines.push({
      layer: `${first}${formatId(node.chainId, whole)}`,
      size: node.sizeBytes === undefined ? 'N/A' : formatSize(node.sizeBytes),
      uses: String(node.uses),
      names: node.tops.flatMap(namesOf),
    });
    const { children } = node;
    if (children.length === 1 || depth >= deepestBranch) {
      waiting.push(...children.map((child) => ({ node: child, first: rest, rest, depth })).reverse());
    } else {
      const branches = children.map((child, at): OpenBranch => {
        const isLast = at === children.length - 1;
        const [own, below] = isLast ? ['└─ ', '   '] : ['├─ ', '│  '];
        return { node: child, first: rest + own, rest: rest + below, depth: depth + 1 };
      });
      waiting.push(...branches.reverse());
    }
  }
  return lines;
}

const gap = '  ';

function layerTable(lines: readonly TreeLine[], width: number): string {
  const heading: TreeLine = { layer: 'LAYER', size: 'SIZE', uses: 'USED BY', names: ['IMAGES'] };
  const all = [heading, ...lines];
  const layerWidth = Math.max(...all.map(({ layer }) => displayWidth(layer)));
  const sizeWidth = Math.max(...all.map(({ size }) => size.length));
  const usesWidth = heading.uses.length;
  const space = width - layerWidth - sizeWidth - usesWidth - 3 * gap.length;
  const rows = all.map(({ layer, size, uses, names }) => {
    const cells = [
      padEnd(layer, layerWidth),
      size.padStart(sizeWidth),
      uses.padStart(usesWidth),
      joinNames(names, space),
    ];
    return cells.join(gap).trimEnd();
  });
  return `${rows.join('\n')}\n`;
}

function imageTable(images: readonly SharingImage[], { width, whole }: { width: number; whole: boolean }): string {
  const sizes = (image: SharingImage): string[] =>
    [image.sizeBytes, image.sharedBytes, image.uniqueBytes].map((bytes) => formatSize(bytes).padStart(8));
  const rows = images.map((image) => [formatImageName(image, whole), formatId(image.id, whole), ...sizes(image)]);
  const all = [['IMAGE', 'IMAGE ID', ...['SIZE', 'SHARED', 'UNIQUE'].map((name) => name.padStart(8))], ...rows];
  const idWidth = Math.max(...all.map(([, id = '']) => id.length));
  const space = Math.max(12, width - idWidth - 3 * 8 - 4 * gap.length);
  const nameWidth = Math.min(space, Math.max(...all.map(([name = '']) => displayWidth(name))));
  return `${all
    .map(([name = '', id = '', ...rest]) =>
      [padEnd(cut(name, nameWidth), nameWidth), id.padEnd(idWidth), ...rest].join(gap),
    )
    .join('\n')}\n`;
}

/** Joins the names that fit, and the number of the others. */
function joinNames(names: readonly string[], space: number): string {
  const least = Math.max(12, space);
  for (let count = names.length; count > 1; count--) {
    const left = names.length - count;
    const text = names.slice(0, count).join(', ') + (left === 0 ? '' : `, +${left}`);
    if (displayWidth(text) <= least) return text;
  }
  const [first = ''] = names;
  const more = names.length > 1 ? `, +${names.length - 1}` : '';
  return cut(first, least - more.length) + more;
}

/** Cuts a text to a width, at a character, with an ellipsis. */
function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (displayWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - displayWidth(text)));

/** Renders the same as one JSON document. */
export function imageTreeJson({ layers, images }: ImageTree): string {
  const references = Map.groupBy(images, ({ id }) => id);
  const document = {
    Layers: layers.map(jsonOf),
    Images: [...references].map(([id, [image, ...others]]) => ({
      ID: id,
      RepoTags: [image, ...others].flatMap((each) =>
        each?.repository === undefined ? [] : [`${each.repository}:${each.tag ?? '<none>'}`],
      ),
      Size: image?.sizeBytes ?? 0,
      SharedSize: image?.sharedBytes ?? 0,
      UniqueSize: image?.uniqueBytes ?? 0,
    })),
  };
  return `${JSON.stringify(document)}\n`;
}

// Recursive: images have at most a few hundred layers.
const jsonOf = ({ chainId, diffId, sizeBytes, uses, tops, children }: LayerNode): unknown => ({
  ChainID: chainId,
  DiffID: diffId,
  Size: sizeBytes ?? null,
  UsedBy: uses,
  Images: tops,
  Children: children.map(jsonOf),
});
