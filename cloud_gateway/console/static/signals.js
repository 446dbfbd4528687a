// The official colours of warnings, each with the ink that is read on it; nothing else may wear them.

export const SIGNALS = {
  blue: ["#1d5fd0", "#ffffff"], yellow: ["#f2c300", "#2b2300"], amber: ["#f5a500", "#1d1100"],
  orange: ["#f07c00", "#1d1100"], red: ["#d3121e", "#ffffff"], green: ["#1f7a3a", "#ffffff"],
  white: ["#ffffff", "#16232e"], black: ["#111111", "#ffffff"],
};
