"""Places where programs run: the CPU, wgpu outside the browser, and the browser's WebGPU.

``base`` says what a device is, ``select`` chooses one by name. ``native*`` and ``browser*`` are the two WebGPU devices;
both keep their buffers with ``pool`` and word compiler errors with ``dialect``. ``web/`` is the JavaScript half of the
browser device. ``cpu*`` runs graphs in NumPy.
"""
