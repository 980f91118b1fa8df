import * as fc from "fast-check";
import { seed } from "./seeded.ts";

// Set-up of each test file: its properties are tried on what follows from the seed.
fc.configureGlobal({ seed });
