/**
 * Splits one line of comma-separated values, quoted by RFC 4180; a problem is in the words of Go's `encoding/csv`,
 * which docker passes on.
 */
export function splitCsv(line: string): readonly string[] | { readonly problem: string } {
  if (line === '') return { problem: 'EOF' };
  const problem = (index: number, text: string): { problem: string } => ({
    problem: `parse error on line 1, column ${index + 1}: ${text}`,
  });
  const fields: string[] = [];
  let index = 0;
  for (;;) {
    if (line[index] !== '"') {
      const comma = line.indexOf(',', index);
      const field = line.slice(index, comma < 0 ? line.length : comma);
      const bare = field.indexOf('"');
      if (bare >= 0) return problem(index + bare, 'bare " in non-quoted-field');
      fields.push(field);
      if (comma < 0) return fields;
      index = comma + 1;
      continue;
    }
    let field = '';
    for (index++; ; index += 2) {
      const end = line.indexOf('"', index);
      if (end < 0) return problem(index, 'extraneous or missing " in quoted-field');
      field += line.slice(index, end);
      index = end;
      if (line[end + 1] !== '"') break;
      field += '"';
    }
    fields.push(field);
    index++;
    if (index === line.length) return fields;
    if (line[index] !== ',') return problem(index - 1, 'extraneous or missing " in quoted-field');
    index++;
  }
}
