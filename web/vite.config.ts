import { gzipSync } from "node:zlib";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** Below this size packing a file saves nothing worth having. */
const packFrom = 4096;

/**
 * Keeps large files of the build in compressed form only, as name.gz: the
 * server hands them out as they are, and the binary that embeds them stays
 * small. index.html stays readable.
 */
function packAssets(): Plugin {
  return {
    name: "pack-assets",
    apply: "build",
    closeBundle() {
      const folder = join(import.meta.dirname, "dist", "assets");
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (name.endsWith(".gz") || statSync(path).size < packFrom) continue;
        writeFileSync(path + ".gz", gzipSync(readFileSync(path), { level: 9 }));
        rmSync(path);
      }
    },
  };
}

export default defineConfig({
  plugins: [packAssets()],
  // Microsoft's language service runs in a worker, where no "global" exists.
  define: { global: "globalThis" },
  worker: { format: "es" },
  build: {
    target: "es2022",
    // The content security policy forbids data: scripts; fonts stay files too.
    assetsInlineLimit: 0,
    // The editor and the language service are large and load on demand.
    chunkSizeWarningLimit: 16_000,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      onwarn(warning, warn) {
        // "use client" means something to server rendering only; Microsoft's
        // language service holds an eval that it does not reach.
        const known = ["MODULE_LEVEL_DIRECTIVE", "EVAL"];
        if (!known.includes(warning.code ?? "")) warn(warning);
      },
    },
  },
  server: {
    // npm run dev against a running quoll.
    proxy: { "/api": { target: "http://127.0.0.1:8484", changeOrigin: true } },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
} as Parameters<typeof defineConfig>[0]);
