// The peer TensorFlow.js with its WebGPU backend, bundled for the benchmark page.
import "@tensorflow/tfjs-backend-webgpu";
export * from "@tensorflow/tfjs-core";
