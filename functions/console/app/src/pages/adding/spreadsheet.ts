// Text of a spreadsheet or a CSV file as rows of the list.
import { blankRow, columns, isEmail, type Column, type Row, type Subscription } from "./rows";

/** The largest file that is read, in bytes: far more than a list of a thousand people has. */
export const maxFileBytes = 1_000_000;

/** The text of a file: UTF-8, or UTF-16 with its mark; where it is neither, what Windows writes. `guessed` says so. */
export function decodeFile(bytes: Uint8Array): { text: string; guessed: boolean } {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "";
  if (utf16) return { text: new TextDecoder(utf16).decode(bytes), guessed: false };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), guessed: false };
  } catch {
    return { text: new TextDecoder("windows-1252").decode(bytes), guessed: true };
  }
}

/** The separator of a text: a tab where there is one, else whichever of ; and , its first line has more of, outside of quotes. */
export function separatorOf(text: string): string {
  const line = (/^(?:"(?:[^"]|"")*"|[^"\r\n])*/.exec(text)?.[0] ?? "").replace(/"(?:[^"]|"")*"/g, "");
  if (line.includes("\t")) return "\t";
  return line.split(";").length > line.split(",").length ? ";" : ",";
}

/** Cells of a text, with quotes as in RFC 4180. Lines without any text are left out. */
export function cellsOf(text: string, separator = separatorOf(text)): string[][] {
  const lines: string[][] = [];
  let line: string[] = [], cell = "", quoted = false;
  const endLine = () => {
    line.push(cell.trim());
    if (line.some(Boolean)) lines.push(line);
    line = [];
    cell = "";
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c === "\r" || c === "\n" ? " " : c;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (c === '"' && !cell.trim()) {
      quoted = true;
      cell = "";
    } else if (c === separator) {
      line.push(cell.trim());
      cell = "";
    } else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[i + 1] === "\n") i++;
      endLine();
    } else cell += c;
  }
  endLine();
  return lines;
}

/** Words by which columns are known, without spaces, signs and the s of a plural. */
const headers: Record<Column | "name", string> = {
  email: "email mail emailaddress mailaddress workemail username",
  first_name: "firstname first givenname given forename",
  last_name: "lastname last surname familyname family",
  name: "name fullname displayname person",
  qualification: "qualification title jobtitle position",
  role: "role permission",
  license: "license licence product subscription seat plan",
};

type Place = Column | "name" | null;

const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** The columns that a line names, or null where it is no header: it has to name the email or a name, and hold no email itself. */
function headerOf(line: string[]): Place[] | null {
  if (line.some(isEmail)) return null;
  const places = line.map((cell) => (Object.keys(headers) as (Column | "name")[]).find((c) => headers[c].split(" ").includes(plain(cell).replace(/([^s])s$/, "$1"))) ?? null);
  return places.includes("email") || places.includes("last_name") || places.includes("name") ? places : null;
}

/** The columns of lines without a header: that with the emails is found, the others are taken in order. */
function guess(lines: string[][]): Place[] {
  const width = Math.max(...lines.map((l) => l.length));
  const emails = Array.from({ length: width }, (_, i) => lines.filter((l) => l[i]?.includes("@")).length);
  const most = emails.indexOf(Math.max(...emails));
  const places: Place[] = Array<Place>(width).fill(null);
  const rest = columns.filter((c) => c !== "email" || !emails[most]);
  if (emails[most]) places[most] = "email";
  for (let i = 0; i < width; i++) if (places[i] === null) places[i] = rest.shift() ?? null;
  return places;
}

export interface Words {
  subscriptions: Subscription[];
  /** The license of a row that names none. */
  license: string;
}

const roleWords: Record<string, string> = {
  "": "member", member: "member", user: "member", standard: "member", admin: "admin", administrator: "admin",
  billingadmin: "billing_admin", billingadministrator: "billing_admin", billing: "billing_admin", owner: "owner", primarycontact: "owner",
};

const roleOf = (cell: string) => roleWords[plain(cell)] ?? cell;

/** The subscription that a cell names; yes is the one that there is, and what is not known stays to be mended. */
function licenseOf(cell: string, { subscriptions, license }: Words): string {
  const word = plain(cell);
  if (["", "no", "none", "false", "0"].includes(word)) return "";
  if (["yes", "true", "1", "x"].includes(word)) return license || (subscriptions[0]?.id ?? "");
  return subscriptions.find((s) => [s.id, s.product_id, s.product_name, s.plan_id, s.plan_name].some((name) => plain(name) === word))?.id ?? cell;
}

/** Puts the cells of a line into a row. */
function put(row: Row, places: Place[], line: string[], words: Words): Row {
  const out = { ...row, left: true, refused: undefined };
  for (const [i, place] of places.entries()) {
    const cell = line[i] ?? "";
    if (place === "name") {
      // "Lovelace, Ada" or "Ada Lovelace"
      const [last, first] = cell.includes(",") ? cell.split(",", 2) : [cell.slice(cell.lastIndexOf(" ") + 1), cell.slice(0, Math.max(0, cell.lastIndexOf(" ")))];
      out.first_name = (first ?? "").trim();
      out.last_name = (last ?? "").trim();
    } else if (place === "role") out.role = roleOf(cell);
    else if (place === "license") out.license = licenseOf(cell, words);
    else if (place) out[place] = place === "email" ? cell.replace(/^.*<([^<>]+)>$/, "$1").replace(/^mailto:/i, "") : cell;
  }
  return out;
}

export interface Read {
  rows: Row[];
  /** Names of columns that the list has no place for. */
  unused: string[];
}

/** People of a whole text, such as a file's. */
export function peopleOf(text: string, words: Words): Read {
  let lines = cellsOf(text);
  // Addresses side by side, as a mail program copies them.
  if (lines.length === 1 && (lines[0]?.length ?? 0) > 1 && lines[0]?.every((cell) => cell.includes("@"))) lines = lines[0].map((cell) => [cell]);
  if (!lines.length) return { rows: [], unused: [] };
  const header = headerOf(lines[0] ?? []);
  const places = header ?? guess(lines);
  const unused = header ? (lines[0] ?? []).filter((name, i) => name && header[i] === null) : [];
  return { rows: lines.slice(header ? 1 : 0).map((line) => put(blankRow(0, { license: words.license }), places, line, words)), unused };
}

/** Whether a text that is pasted into a cell has more than one cell. */
export const isTable = (text: string, column: Column) => /[\t\r\n]/.test(text.trim()) || (column === "email" && /[;,]/.test(text) && text.includes("@"));

/**
 * Rows after a paste into a cell. A table whose columns can be told is added as people;
 * else its cells go to the right and down from where the cursor is, as in a spreadsheet.
 */
export function paste(rows: Row[], at: number, column: Column, text: string, words: Words): { rows: Row[]; read: Read } {
  const lines = cellsOf(text, /\t/.test(text) || column === "email" ? undefined : "\t");
  if (column === "email" || headerOf(lines[0] ?? [])) {
    const read = peopleOf(text, words);
    return { rows: insert(rows, at, read.rows), read };
  }
  const places = columns.slice(columns.indexOf(column));
  const out = [...rows];
  for (const [i, line] of lines.entries()) {
    const before = out[at + i] ?? blankRow(0, { license: words.license });
    if (!before.done) out[at + i] = put(before, places.slice(0, line.length), line, words);
  }
  return { rows: out, read: { rows: out.slice(at, at + lines.length), unused: [] } };
}

const empty = (row: Row) => !row.done && !row.email && !row.first_name && !row.last_name && !row.qualification;

/** Puts people where the cursor is, in the place of rows that are empty there. */
export function insert(rows: Row[], at: number, people: Row[]): Row[] {
  const before = rows.slice(0, at).filter((row) => !empty(row));
  const after = rows.slice(at).filter((row) => !empty(row));
  return [...before, ...people, ...after];
}
