// The peer TensorFlow.js with its WebGPU backend and the gradients of its operations, bundled for the benchmark page.
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-backend-webgpu";
export * from "@tensorflow/tfjs-core";
