import * as z from "zod";

/**
 * The same schema without its defaults: for places where a default would override what is merged under it (a fleet's
 * entries and defaults, an agent's nightwatch). `noted` keeps a default in the field's description.
 */
export function withoutDefaults<S extends z.ZodType>(
  schema: S,
  noted: "noted" | "silent",
): z.ZodType<z.input<S>, z.input<S>> {
  return strip(schema, noted) as z.ZodType<z.input<S>, z.input<S>>;
}

function strip(schema: z.core.$ZodType, noted: "noted" | "silent"): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    const value: unknown = schema.def.defaultValue;
    const stripped = z.optional(strip(schema.def.innerType, noted));
    const { defaultedBy: _, ...meta } = schema.meta() ?? {};
    return stripped.meta(noted === "noted" && typeof value !== "object" ? { ...meta, noteDefault: value } : meta);
  }
  if (schema instanceof z.ZodOptional) {
    return z.optional(strip(schema.def.innerType, noted)).meta(schema.meta() ?? {});
  }
  if (schema instanceof z.ZodObject) {
    const shape = Object.fromEntries(
      Object.entries(schema.def.shape).map(([key, field]) => [key, strip(field, noted)] as const),
    );
    return schema.clone({ ...schema.def, shape }, { parent: true });
  }
  if (schema instanceof z.ZodArray) {
    return schema.clone({ ...schema.def, element: strip(schema.def.element, noted) }, { parent: true });
  }
  return schema;
}
