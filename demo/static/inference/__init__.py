"""SRResNet in a browser: by WebAssembly, with C and what divides its work, or by WebGPU."""
