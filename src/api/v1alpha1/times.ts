import { text } from "./fields.ts";
import { matches, withRules, type Rule } from "./rules.ts";

/** The shorthands that a schedule may be (K1). */
const NAMED = "@(hourly|daily|midnight|weekly|monthly|yearly|annually)";

const FIVE_FIELDS_OR_NAMED = `^(${NAMED}|[^@ \\t]\\S*([ \\t]+\\S+){4})$`;

/** One field of a schedule: numbers, lists, ranges and steps; `names` are allowed where a month or a weekday stands. */
const cronField = (names?: string) => (names === undefined ? "[0-9*/,-]+" : `(?:[0-9*/,-]|(?i:${names}))+`);

const FIELDS = [
  cronField(),
  cronField(),
  cronField(),
  cronField("jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"),
  cronField("sun|mon|tue|wed|thu|fri|sat"),
];
const KNOWN_CHARACTERS = `^(${NAMED}|${FIELDS.join("[ \\t]+")})$`;

const fieldCount = matches(
  FIVE_FIELDS_OR_NAMED,
  "schedule must have five fields (minute hour day-of-month month day-of-week), as in 0 3 * * *, or be one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually",
);
const characters = matches(
  KNOWN_CHARACTERS,
  "schedule may hold only numbers, the names of months and weekdays, and * / , - (no H, L, W, # or ?)",
);

/** Says what is wrong with the fields only once there are five, so that one mistake is one message. */
const knownCharacters: Rule<string> = {
  ...characters,
  rule: `!${fieldCount.rule} || ${characters.rule}`,
  holds: (self, oldSelf) => !fieldCount.holds(self, oldSelf) || characters.holds(self, oldSelf),
};

/** When a Core agent runs (K1). What a pattern cannot tell (ranges, dates that never come) the operator checks. */
export const schedule = () => withRules(text(128), [fieldCount, knownCharacters]);

const ZONE_MESSAGE = "timeZone must be the name of an IANA time zone, such as Europe/London or Etc/UTC";

/** CEL's own zones let "Local" and "+02:00" through; a name starts with a letter. */
const zoneName = matches("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", ZONE_MESSAGE);

const ianaName: Rule<string> = {
  ...zoneName,
  rule: `self != 'Local' && ${zoneName.rule}`,
  holds: (self, oldSelf) => self !== "Local" && zoneName.holds(self, oldSelf),
};

/** The API server answers an unknown zone with an error of the rule itself, not with the rule's message. */
const knownZone: Rule<string> = {
  rule: `!(${ianaName.rule}) || timestamp('2024-01-01T00:00:00Z').getHours(self) >= 0`,
  message: ZONE_MESSAGE,
  holds: (self, oldSelf) => !ianaName.holds(self, oldSelf) || isKnownZone(self),
};

/** Whether the zone is in the IANA data. Unlike Intl, Go tells upper from lower case; a canonical name shows a wrong one. */
function isKnownZone(name: string): boolean {
  if (knownZones.has(name)) return true;
  try {
    const canonical = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
    const isKnown = canonical === name || canonical.toLowerCase() !== name.toLowerCase();
    if (isKnown) knownZones.add(name);
    return isKnown;
  } catch {
    return false;
  }
}

/** Names that were found: some hundred at most. Asking Intl takes half a millisecond, and every parse of an agent asks. */
const knownZones = new Set<string>();

/** An IANA time zone (K2). */
export const timeZone = () => withRules(text(64), [ianaName, knownZone]);

/** A time of day on a 24-hour clock. */
export const timeOfDay = () =>
  withRules(text(5), [
    matches(
      "^([01][0-9]|2[0-3]):[0-5][0-9]$",
      "must be a time of day on a 24-hour clock with two digits each, such as 22:00",
    ),
  ]);
