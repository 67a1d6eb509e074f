// The chart library, bundled into one file by the build; its style sheet is vendor/uplot.css.
export { default } from "uplot";
