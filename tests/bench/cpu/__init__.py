"""What a step and a fill cost on a CPU, in every runtime that could compute them. See `bench_cpu.py`."""
