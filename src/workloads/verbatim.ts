/** Kubernetes expands $(NAME) and turns $$ into $ in arguments and variables; text arrives as it was written. */
export function verbatim(text: string): string {
  return text.replaceAll("$", () => "$$");
}
