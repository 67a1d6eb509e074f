// The peer jax-js, bundled for the benchmark page.
export * from "@jax-js/jax";
