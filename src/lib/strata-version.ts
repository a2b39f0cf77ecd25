import { createRequire } from 'node:module';

/** Returns the version in package.json, which the bundled command has compiled in. */
export function strataVersion(): string {
  const built = process.env['STRATA_VERSION'];
  if (built !== undefined) return built;
  // Resolved by the package's own name, because the sources and the built library lie at different depths.
  return (createRequire(import.meta.url)('strata-oci/package.json') as { readonly version: string }).version;
}
