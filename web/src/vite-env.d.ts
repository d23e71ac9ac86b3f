/// <reference types="vite/client" />

// The editor without the languages that it ships; its types are the API's.
declare module "monaco-editor/esm/vs/editor/edcore.main" {
  export * from "monaco-editor/esm/vs/editor/editor.api";
}
