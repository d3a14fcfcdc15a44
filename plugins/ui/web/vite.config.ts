import { defineConfig } from "vite";
import solid from "vite-plugin-solid";

// `npx vite` serves the page while it is worked on; the APIs come from a Tarsier that runs beside it.
export default defineConfig({
  plugins: [solid()],
  build: { target: "es2022", outDir: process.env["TARSIER_UI_OUT"] ?? "dist", emptyOutDir: true, assetsInlineLimit: 0, reportCompressedSize: false },
  server: { proxy: { "/prometheus": "http://127.0.0.1:3001", "/api": "http://127.0.0.1:3001" } },
});
