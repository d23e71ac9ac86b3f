import { createDarkTheme, createLightTheme, type BrandVariants, type Theme } from "@fluentui/react-components";

// A deep teal that keeps 4.5:1 against both grounds.
const brand: BrandVariants = {
  10: "#020507", 20: "#08191f", 30: "#0a2a34", 40: "#0b3744", 50: "#0d4454", 60: "#0f5266", 70: "#136077", 80: "#176f89",
  90: "#2b7e97", 100: "#418da5", 110: "#579cb3", 120: "#6dabc0", 130: "#84bbce", 140: "#9ccadb", 150: "#b5dae7", 160: "#d0eaf3",
};

const fonts: Partial<Theme> = {
  fontFamilyBase: '"Segoe UI", "Segoe UI Web", -apple-system, "Inter", "Noto Sans", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace: '"Cascadia Code", Consolas, "SF Mono", Menlo, "Liberation Mono", "DejaVu Sans Mono", monospace',
};

const dark = createDarkTheme(brand);
export const themes: Record<"light" | "dark", Theme> = {
  light: { ...createLightTheme(brand), ...fonts },
  // The generated dark foregrounds of the brand are too dim on a dark ground.
  dark: { ...dark, ...fonts, colorBrandForeground1: brand[120], colorBrandForeground2: brand[130], colorBrandForegroundLink: brand[130] },
};
