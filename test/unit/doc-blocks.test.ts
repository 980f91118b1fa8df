import { describe, expect, it } from "vitest";
import { blocksOf, commandsOf, pages } from "../ship/doc-blocks.ts";

const page = `# Page

\`\`\`sh
# a comment
kubectl get agents   # what there is

helm install x \\
  --wait
for pod in a b; do
  kubectl logs "$pod"
done
\`\`\`

\`\`\`yaml
kind: Agent
\`\`\`

\`\`\`
NAME   READY
\`\`\`
`;

describe("the blocks of a page", () => {
  const [sh, yaml, none] = blocksOf("page.md", page);

  it("have their language and the line where they begin", () => {
    expect([sh?.language, sh?.line]).toEqual(["sh", 4]);
    expect(yaml).toEqual({ page: "page.md", line: 15, language: "yaml", text: "kind: Agent" });
    expect(none?.language).toBe("");
  });

  it("are commands, each with the lines on which it goes on", () => {
    expect(sh && commandsOf(sh).map(({ line, text }) => [line, text])).toEqual([
      [5, "kubectl get agents   # what there is"],
      [7, "helm install x \\\n  --wait"],
      [9, 'for pod in a b; do\n  kubectl logs "$pod"\ndone'],
    ]);
  });

  it.each(["```sh\nls", "```sh\nls \\\n```"])("that have no end are refused: %j", (text) => {
    expect(() => blocksOf("page.md", text).flatMap(commandsOf)).toThrow("has no end");
  });
});

it("the pages that users read have no block that neither runs nor is output, and no other shell than sh", () => {
  const languages = new Set(pages().flatMap((page) => blocksOf(page).map(({ language }) => language)));
  expect([...languages].sort()).toEqual(["", "sh", "yaml"]);
});
