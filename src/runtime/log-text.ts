/** Fields that the line's fixed columns already show. */
const COLUMNS = new Set(["level", "time", "msg", "object", "err"]);

/** One JSON log line as text: "2026-01-01T00:00:00.000Z INFO  Agent default/sentinel: message key=value". */
export function toText(line: string): string {
  const fields: unknown = JSON.parse(line);
  if (!isRecord(fields)) return line;
  const level = text(fields["level"]).toUpperCase().padEnd(5);
  const object = isRecord(fields["object"]) ? objectText(fields["object"]) : "";
  const rest = Object.entries(fields)
    .filter(([name]) => !COLUMNS.has(name))
    .map(([name, value]) => ` ${name}=${quoted(text(value))}`)
    .join("");
  const err = isRecord(fields["err"]) ? errorText(fields["err"]) : "";
  return `${text(fields["time"])} ${level} ${object}${text(fields["msg"])}${rest}${err}\n`;
}

function objectText(object: Readonly<Record<string, unknown>>): string {
  const name = [object["namespace"], object["name"]].filter((part) => part !== undefined).map(text);
  return `${text(object["kind"])} ${name.join("/")}: `;
}

function errorText(err: Readonly<Record<string, unknown>>): string {
  return ` err=${quoted(text(err["message"]))}${err["stack"] === undefined ? "" : `\n${text(err["stack"])}`}`;
}

function text(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function quoted(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
