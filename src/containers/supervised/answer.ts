/** A line that conmon says of what it was to start. */
export interface SupervisorAnswer {
  /** The process's number, or its exit code; negative or 0 for a failure. */
  readonly data?: number;
  readonly message?: string;
}

/** Nothing where the line is not whole: it has not come to its end yet, or conmon was killed in the middle of it. */
export function parseAnswer(line: string): SupervisorAnswer {
  try {
    return JSON.parse(line) as SupervisorAnswer;
  } catch {
    return {};
  }
}
