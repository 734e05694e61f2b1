// A table of budgets: what, at most, measured, holds or OVER.

export function verdict(measured, most) {
  return measured <= most ? 'holds' : 'OVER';
}

export function count(number) {
  return number.toLocaleString('en-US');
}

export function print(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  for (const row of rows) {
    const cells = row.map((cell, i) => cell.padEnd(widths[i]));
    console.log(cells.join('  ').trimEnd());
  }
}
