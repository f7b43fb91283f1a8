// What a TypeScript module imports and exports, read from its syntax tree.
//
// Text that only looks like an import (in a comment, a string or a template) is not one, which is
// why this asks a parser. Nothing is resolved and nothing is executed.

import { type ESTree, parseSync, Visitor } from "rolldown/utils";

export interface ModuleExport {
  readonly name: string;
  readonly kind: "type" | "value";
}

export interface ParsedModule {
  /** Specifiers of every static, dynamic, type-level and re-exporting import, in source order. */
  readonly imports: readonly string[];
  readonly exports: readonly ModuleExport[];
  /** Specifiers of `export * from`, whose names the module itself does not say. */
  readonly stars: readonly string[];
}

/** Throws when the text is not a TypeScript module. */
export function parseModule(path: string, text: string): ParsedModule {
  const { program, module, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  const exports: ModuleExport[] = [];
  const stars: string[] = [];
  for (const entry of module.staticExports.flatMap((statement) => statement.entries)) {
    const { kind, name } = entry.exportName;
    if (kind === "None") stars.push(entry.moduleRequest?.value ?? "");
    else exports.push({ name: name ?? "default", kind: entry.isType ? "type" : "value" });
  }
  return { imports: findImports(program), exports, stars };
}

function findImports(program: ESTree.Program): readonly string[] {
  const found: string[] = [];
  const add = (source: ESTree.Expression | null | undefined): void => {
    if (source?.type === "Literal" && typeof source.value === "string") found.push(source.value);
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    TSExternalModuleReference: (node) => add(node.expression),
    CallExpression: (node) => {
      if (isLoaderCall(node.callee)) add(node.arguments[0] as ESTree.Expression | undefined);
    },
  }).visit(program);
  return found;
}

/** `require("x")`, `require.resolve("x")` and `import.meta.resolve("x")`. */
function isLoaderCall(callee: ESTree.Expression): boolean {
  if (callee.type === "Identifier") return callee.name === "require";
  if (callee.type !== "MemberExpression" || callee.computed) return false;
  if (callee.property.name !== "resolve") return false;
  const { object } = callee;
  if (object.type === "Identifier") return object.name === "require";
  return object.type === "MetaProperty";
}
