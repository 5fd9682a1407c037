"""The workshop: phantoms, training, conversion, evaluation, bundles, benchmarks. Never imported by a device."""
