"""What the library costs, beside the floor and beside other clients: `python -m benchmarks [--quick] [names...]`."""
