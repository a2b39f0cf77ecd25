import type { ImageLayer } from '../metadata/images.ts';
import type { LayerRecord } from '../metadata/layers.ts';
import type { Metadata } from '../metadata/metadata.ts';
import type { ChainId, DiffId, Digest } from '../spec/digest.ts';

/** A layer on top of certain others, and the layers above it. */
export interface LayerNode {
  readonly chainId: ChainId;
  readonly diffId: DiffId;
  /** Sum of its file sizes; undefined for a layer that the store does not know. */
  readonly sizeBytes: number | undefined;
  /** Number of images with this layer on these lower ones. */
  readonly uses: number;
  /** Images of which it is the topmost layer. */
  readonly tops: readonly Digest[];
  readonly children: readonly LayerNode[];
}

interface OpenNode {
  readonly layer: ImageLayer;
  uses: number;
  readonly tops: Digest[];
  readonly children: OpenNode[];
}

/**
 * Returns the layers of all images as a forest, base layers first; a shared layer is one node. In the order of image
 * IDs.
 */
export function layerTree({ db, images, layers }: Pick<Metadata, 'db' | 'images' | 'layers'>): LayerNode[] {
  return db.read(() => {
    const known = new Map(layers.list().map((layer) => [layer.diffId, layer]));
    const roots: OpenNode[] = [];
    const nodes = new Map<ChainId, OpenNode>();
    for (const [id, chain] of images.allLayers()) {
      let siblings = roots;
      let top: OpenNode | undefined;
      for (const layer of chain) {
        top = nodes.get(layer.chainId);
        if (top === undefined) {
          top = { layer, uses: 0, tops: [], children: [] };
          nodes.set(layer.chainId, top);
          siblings.push(top);
        }
        top.uses++;
        siblings = top.children;
      }
      top?.tops.push(id);
    }
    return toLayerNodes(roots, known);
  });
}

/** Converts without recursion: an image may have hundreds of layers. */
function toLayerNodes(roots: readonly OpenNode[], known: ReadonlyMap<DiffId, LayerRecord>): LayerNode[] {
  const result: LayerNode[] = [];
  const waiting = [{ from: roots, into: result }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const { layer, uses, tops, children } of next.from) {
      const above: LayerNode[] = [];
      next.into.push({ ...layer, sizeBytes: known.get(layer.diffId)?.sizeBytes, uses, tops, children: above });
      waiting.push({ from: children, into: above });
    }
  }
  return result;
}

/** Keeps the nodes that lead to one of these images. */
export function filterLayerTree(nodes: readonly LayerNode[], images: ReadonlySet<Digest>): LayerNode[] {
  const kept = new Map<LayerNode, LayerNode>();
  // Children before their parents.
  for (const node of allOf(nodes).reverse()) {
    const children = node.children.flatMap((child) => kept.get(child) ?? []);
    const tops = node.tops.filter((id) => images.has(id));
    if (children.length + tops.length > 0) kept.set(node, { ...node, tops, children });
  }
  return nodes.flatMap((node) => kept.get(node) ?? []);
}

/** Lists every node, each after its parent. */
function allOf(nodes: readonly LayerNode[]): LayerNode[] {
  const all = [...nodes];
  for (let at = 0; at < all.length; at++) all.push(...(all[at]?.children ?? []));
  return all;
}
