/** Lines of the Dockerfile, 1-based, both ends included. */
export interface LineRange {
  readonly start: number;
  readonly end: number;
}

export type EscapeCharacter = '\\' | '`';

/** A document inside an instruction: `<<EOF` … `EOF`. */
export interface Heredoc {
  /** The terminator with its quotes removed; for COPY and ADD also the file's name. */
  readonly name: string;
  /** Number before `<<`, 0 without one. */
  readonly descriptor: number;
  /** False when any part of the terminator was quoted: variables in the content stay as they are. */
  readonly expand: boolean;
  /** `<<-`: leading tabs are to be removed ({@link chompTabs} does it; `content` still has them). */
  readonly chomp: boolean;
  /** Raw, with the line ends of the file. */
  readonly content: string;
}

/** One instruction, split into words by its own grammar, not yet checked. */
export interface SyntaxNode {
  /** The name as written: any case, perhaps not the name of an instruction. */
  readonly name: string;
  /** ENV and LABEL come as triples: name, value, `=` or empty for the old form. */
  readonly args: readonly string[];
  /** Instruction that ONBUILD defers; its name and words are in `args` too. */
  readonly trigger?: SyntaxNode;
  /** True when the arguments were written as a JSON array. */
  readonly json: boolean;
  /** `--name=value` before the arguments, quotes and escapes already removed. */
  readonly flags: readonly string[];
  readonly heredocs: readonly Heredoc[];
  /** The line with its continuations joined. */
  readonly original: string;
  readonly location: LineRange;
  /** Comment lines directly above, without `#`; parser directives are not among them. */
  readonly comments: readonly string[];
}

/** A parser directive: `# syntax=docker/dockerfile:1`. */
export interface Directive {
  readonly name: 'syntax' | 'escape' | 'check';
  readonly value: string;
  readonly line: number;
}

export interface ParseWarning {
  /**
   * Docker's lint rule, or one of this parser: `InvalidEncoding` for bytes that are not UTF-8 and became U+FFFD,
   * `InvalidJSONForm` for arguments that look like a JSON array but are not one.
   */
  readonly rule: 'NoEmptyContinuation' | 'InvalidEncoding' | 'InvalidJSONForm';
  readonly message: string;
  readonly location: LineRange;
}

/** A whole Dockerfile as a tree. */
export interface SyntaxTree {
  readonly nodes: readonly SyntaxNode[];
  readonly directives: readonly Directive[];
  readonly escape: EscapeCharacter;
  readonly warnings: readonly ParseWarning[];
  readonly location: LineRange;
}
