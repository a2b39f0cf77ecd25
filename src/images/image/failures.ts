import { StrataError } from '../../errors/index.ts';
import type { LayerEntry } from '../../layer/merged/layer-entry.ts';
import type { MergedFile } from '../../layer/merged/merged-file.ts';
import type { PathProblem } from '../../layer/merged/merged-layers.ts';
import { displayBytes } from '../../lib/bytes.ts';

const problems: { readonly [Problem in PathProblem]: string } = {
  missing: 'no such file or directory',
  'not a directory': 'a part of it is no directory',
  'too many symlinks': 'too many levels of symbolic links',
};

const quotePath = (path: string | Uint8Array): string => {
  const text = typeof path === 'string' ? path : displayBytes(path);
  return JSON.stringify(text.startsWith('/') ? text : `/${text}`);
};

/** `layers` is the number of layers that were looked into; undefined for all. */
export const noSuchFile = (path: string | Uint8Array, problem: PathProblem, layers: number | undefined): StrataError =>
  new StrataError({
    code: 'ERR_FILE_NOT_FOUND',
    message: `${quotePath(path)} in the image${layers === undefined ? '' : ` up to layer ${layers}`}: ${problems[problem]}`,
    hint: 'List the files of the image.',
  });

export const noRegularFile = ({ path, kind }: MergedFile): StrataError =>
  new StrataError({
    code: 'ERR_FILE_KIND',
    message: `${quotePath(path)} in the image: is a ${kind.replace('-', ' ')}, not a regular file`,
    hint: kind === 'directory' ? 'List the files in it.' : 'Read regular files only: others have no content.',
  });

export const noFileEntry = (ordinal: number, entry: LayerEntry | undefined): StrataError =>
  new StrataError({
    code: 'ERR_FILE_KIND',
    message: `entry ${ordinal} of the layer: is ${entry === undefined ? 'nothing' : `a ${entry.kind.replace('-', ' ')}`}, not a regular file`,
    hint: 'Give the number of a regular file: list the entries of the layer to see which there are.',
  });

export const fileTooLarge = ({ path, sizeBytes }: MergedFile, maxBytes: number): StrataError =>
  new StrataError({
    code: 'ERR_FILE_TOO_LARGE',
    message: `${quotePath(path)} in the image: has ${sizeBytes} bytes, more than ${maxBytes}`,
    hint: 'Read it as a stream, or raise the limit.',
  });

/** `layer` counts from 0, the base. */
export const noSuchLayer = (layer: number, count: number): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_UNKNOWN',
    message: `layer ${layer}: the image has ${count} layers, and the base is number 0`,
    hint: 'List the layers of the image: their numbers count from the base up.',
  });

export const noSuchLayers = (layers: number, count: number): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_UNKNOWN',
    message: `the lowest ${layers} layers: the image has ${count}`,
    hint: 'Give a number from 0 to the number of layers.',
  });
