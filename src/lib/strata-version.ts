import { createRequire } from 'node:module';

/** The version in package.json; the built command has it inside. */
export function strataVersion(): string {
  const built = process.env['STRATA_VERSION'];
  if (built !== undefined) return built;
  // By its own name: the sources and the built library lie at different depths.
  return (createRequire(import.meta.url)('strata-oci/package.json') as { readonly version: string }).version;
}
